// The playground's page: draws what the town pushes, and posts what a person does.

import { h, keep, refreshAgo } from "./draw.js";
import { drawForm } from "./forms.js";
import { drawMails } from "./mails.js";
import { drawPhones } from "./phones.js";
import { drawSlack } from "./slack.js";
import { act, drawWith, say, show, take, town, view } from "./state.js";
import { drawSteps } from "./steps.js";

const $ = (id) => document.getElementById(id);

function drawTop() {
  const isFast = town.pace > 1;
  keep($("pace"), [{ key: "legend", sign: "", build: () => h("legend", {}, "A minute lasts") },
    ...town.paces.map((pace) => ({
      key: String(pace), sign: String(pace === town.pace),
      build: () => h("button", { type: "button", "aria-pressed": String(pace === town.pace), onclick: () => act("pace", { pace }) },
        pace === 1 ? "a minute" : pace === 60 ? "a second" : `1/${pace}`),
    }))]);
  $("pace").hidden = town.paces.length < 2;
  document.body.classList.toggle("fast", isFast);
  const count = town.surprises.length;
  $("state").textContent = count ? `${count} surprise${count > 1 ? "s" : ""}` : "";
  $("state").title = town.surprises.join("\n");
}

let ticked = { at: 0, real: 0 };
function tick() {
  if (!town) return;
  const now = ticked.at + (performance.now() - ticked.real) * town.pace;
  $("clock").textContent = new Date(now).toISOString().slice(11, 19);
  refreshAgo(now / 1000);
}
setInterval(tick, 100);

drawWith(() => {
  if (!town) return;
  drawTop();
  drawSlack();
  drawForm(town, view.user);
  drawPhones(town);
  drawMails(town);
  drawSteps(town);
});

function listen() {
  const source = new EventSource("/town");
  source.onmessage = (event) => {
    document.body.classList.remove("lost");
    const state = JSON.parse(event.data);
    ticked = { at: Date.parse(state.now), real: performance.now() };
    take(state);
  };
  source.onerror = () => {
    document.body.classList.add("lost");
    $("state").textContent = "The demo is not running any more. Start it again with imbot demo.";
  };
}

function composer(form) {
  const field = form.querySelector("textarea");
  let back = 0;
  const send = async () => {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    fit();
    view.typed.push(text);
    back = 0;
    await say(text, { thread: form.dataset.place === "thread" ? view.thread : "" });
  };
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 140)}px`;
  };
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
    if (event.key === "ArrowUp" && (!field.value || back)) {
      const earlier = view.typed.at(-1 - back);
      if (earlier) {
        event.preventDefault();
        back += 1;
        field.value = earlier;
        fit();
      }
    } else if (event.key.length === 1) back = 0;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

document.querySelectorAll(".composer").forEach(composer);
$("close-thread").addEventListener("click", () => show({ thread: "" }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && view.thread && !$("dialog").open && !$("form").open) show({ thread: "" });
});
listen();
