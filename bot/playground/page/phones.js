// Three phones: text threads, calls that ring and speak, a keypad.

import { atEnd, h, hour, keep } from "./draw.js";
import { act } from "./state.js";

const LIVE = ["ringing", "in-progress"];
const ENDED = { completed: "Call", "no-answer": "Missed call", busy: "Declined call", failed: "Failed call", canceled: "Missed call" };
const KEYS = [..."123456789*0#"];

export const liveCall = (phone) => phone.calls.find((call) => LIVE.includes(call.status));

// The code in the last text from the bot, or "".
export function lastCode(phone) {
  const texts = phone.texts.filter((text) => text.direction === "to_phone" && /\b\d{6,10}\b/.test(text.body));
  return texts.at(-1)?.body.match(/\b\d{6,10}\b/)[0] || "";
}

export function drawPhones(town) {
  keep(document.getElementById("phones"), town.phones.map((phone) => ({
    key: phone.number, sign: "", build: () => build(phone),
  })));
  for (const phone of town.phones) refresh(phone);
}

const nodeOf = (phone) => [...document.getElementById("phones").children].find((node) => node.dataset.key === phone.number);
const title = (phone) => phone.name[0].toUpperCase() + phone.name.slice(1);

function build(phone) {
  const field = h("input", { type: "text", "aria-label": `Text from ${title(phone)}`, placeholder: "Text…", autocomplete: "off" });
  const send = (event) => {
    event.preventDefault();
    if (field.value.trim()) act("text", { phone: phone.number, text: field.value });
    field.value = "";
  };
  return h("section", { class: "phone", "aria-label": `${title(phone)}'s phone`, "data-name": phone.name },
    h("header", {}, h("h2", {}, title(phone)), h("span", { class: "number" }, phone.number), h("span", { class: "opted" })),
    h("div", { class: "texts", role: "log", "aria-label": `Texts on ${title(phone)}'s phone`, tabindex: "0" }),
    h("div", { class: "chips" }),
    h("form", { class: "texter", onsubmit: send }, field, h("button", { type: "submit", "aria-label": "Send text" }, "↑")),
    h("div", { class: "line", "aria-live": "polite" }));
}

function refresh(phone) {
  const node = nodeOf(phone);
  const part = (name) => node.querySelector(`.${name}`);
  part("opted").textContent = phone.opted_out ? "opted out" : "";
  const events = [
    ...phone.texts.map((text) => ({ at: text.at, key: text.sid, sign: text.status, build: () => bubble(text) })),
    ...phone.calls.filter((call) => !LIVE.includes(call.status))
      .map((call) => ({ at: call.at, key: call.sid, sign: call.status, build: () => pastCall(call) })),
  ].sort((one, other) => one.at.localeCompare(other.at));
  const none = { key: "none", sign: "", build: () => h("p", { class: "empty" }, "No texts") };
  atEnd(part("texts"), () => keep(part("texts"), events.length ? events : [none]));
  const code = lastCode(phone);
  const words = [code && [code, "Reply with the code"], !phone.opted_out && phone.texts.length && ["UNSUBSCRIBE", "Stop all texts and calls"], phone.opted_out && ["START", "Come back"]].filter(Boolean);
  keep(part("chips"), words.map(([word, why]) => ({
    key: word, sign: "",
    build: () => h("button", { type: "button", title: why, onclick: () => act("text", { phone: phone.number, text: word }) }, word),
  })));
  const call = liveCall(phone);
  node.classList.toggle("in-call", Boolean(call));
  keep(part("line"), call ? [{ key: call.sid, sign: call.status, build: () => (call.status === "ringing" ? ringing(phone) : talking(phone)) }] : []);
  if (call?.status === "in-progress") refreshCall(node, call);
}

const bubble = (text) =>
  h("div", { class: `bubble ${text.direction}${text.by_vendor ? " vendor" : ""}` },
    h("p", {}, text.body),
    h("span", { class: "when" }, hour(new Date(text.at)), text.by_vendor && " · from the carrier",
      text.error_code && ` · not delivered (${text.error_code})`));

const pastCall = (call) =>
  h("details", { class: "past-call" },
    h("summary", {}, `${ENDED[call.status] || call.status} · ${hour(new Date(call.at))}${call.keys ? ` · pressed ${call.keys}` : ""}`),
    call.script.length ? h("p", {}, call.script.map((line) => line.text).join(" ")) : h("p", {}, "Nothing was said."));

const button = (label, className, what, phone, more = {}) =>
  h("button", { type: "button", class: className, onclick: () => act(what, { phone: phone.number, ...more }) }, label);

const ringing = (phone) =>
  h("div", { class: "ringing", role: "group", "aria-label": "Incoming call" },
    h("div", { class: "ripple", "aria-hidden": "true" }, "☎"),
    h("p", { class: "caller" }, "imbot"), h("p", { class: "quietly" }, "Incoming call"),
    h("div", { class: "take" }, button("Decline", "decline", "decline", phone), button("Answer", "answer", "answer", phone)),
    button("Let it ring out", "quiet", "let ring", phone));

const talking = (phone) =>
  h("div", { class: "talking", role: "group", "aria-label": "Call" },
    h("p", { class: "quietly" }, "imbot speaks"),
    h("div", { class: "script", tabindex: "0" }),
    h("div", { class: "keypad", role: "group", "aria-label": "Keypad" }, KEYS.map((key) => button(key, "key", "key", phone, { key }))),
    button("Hang up", "decline", "hang up", phone));

function refreshCall(node, call) {
  const script = node.querySelector(".script");
  atEnd(script, () => keep(script, call.script.map((line, number) => ({
    key: String(number), sign: "", build: () => h("p", { lang: line.language }, line.text),
  }))));
  node.querySelector(".talking .quietly").textContent = call.is_listening ? "imbot waits for a key" : "imbot speaks";
}
