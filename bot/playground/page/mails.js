// A mailbox for everybody: a list, a mail as its reader's program shows it, and the page behind
// its links, in a frame.

import { h, hour, keep } from "./draw.js";
import { act } from "./state.js";

const view = { open: null, linked: "", read: new Set() };
let bot = "";
let mails = [];

const $ = (id) => document.getElementById(id);
const to = (mail) => mail.to.split("@")[0].replace(/^./, (letter) => letter.toUpperCase());

export function openMail(number, linked = "") {
  view.open = number;
  view.linked = linked;
  view.read.add(number);
  redraw();
}

// The address of the page behind a mail's button, as its path; "" where there is none.
export const ackPath = (mail) => mail.text.match(/https?:\/\/[^/\s]+(\/ack\/[\w-]+)/)?.[1] || "";

export function drawMails(town) {
  bot = town.bot_url;
  mails = town.mails;
  if (view.open === null && mails.length) view.open = mails.at(-1).number;
  redraw();
}

function redraw() {
  const newestFirst = [...mails].reverse();
  const none = { key: "none", sign: "", build: () => h("li", { class: "empty" }, "No mail") };
  keep($("mails"), newestFirst.length ? newestFirst.map(entry) : [none]);
  const mail = mails.find((one) => one.number === view.open);
  const key = mail ? `${mail.number} ${view.linked}` : "none";
  keep($("reader"), [{ key, sign: "", build: () => (mail ? (view.linked ? linkedPage() : reader(mail)) : nothing()) }]);
}

const nothing = () => h("p", { class: "empty" }, "Mail to Ana, Ben and Cleo arrives here.");

function entry(mail) {
  const isHere = mail.number === view.open;
  const isNew = !view.read.has(mail.number) && !isHere;
  if (isHere) view.read.add(mail.number);
  return {
    key: String(mail.number), sign: `${isHere} ${isNew}`,
    build: () => h("li", {}, h("button", { type: "button", class: isNew ? "unread" : "", "aria-current": isHere ? "true" : null, onclick: () => openMail(mail.number) },
      h("span", { class: "to" }, to(mail), h("time", {}, hour(new Date(mail.at)))), h("span", { class: "subject" }, mail.subject))),
  };
}

function reader(mail) {
  const frame = h("iframe", {
    title: `Mail: ${mail.subject}`, src: `/mails/${mail.number}`,
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    onload: () => frame.contentDocument?.addEventListener("click", followed),
  });
  return h("div", { class: "mail" },
    h("header", {}, h("h2", {}, mail.subject), h("p", {}, mail.from, " → ", mail.to)), frame,
    replyBox(mail),
    h("details", { class: "headers" }, h("summary", {}, "Headers and plain text"),
      h("pre", { tabindex: "0" }, mail.headers.map(([name, value]) => `${name}: ${value}`).join("\n"), "\n\n", mail.text)));
}

// What is typed goes to the bot's own mailbox, with the mail quoted below it.
function replyBox(mail) {
  const text = h("input", { type: "text", name: "reply", "aria-label": `Reply to ${mail.from}`, placeholder: "Reply, as 425440 or UNSUBSCRIBE", autocomplete: "off", required: true });
  const onsubmit = async (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words && (await act("mail reply", { mail: mail.number, text: words }))) text.value = "";
  };
  return h("form", { class: "texter reply-box", onsubmit }, text, h("button", { type: "submit", "aria-label": "Send reply" }, "↑"));
}

// The mail's frame runs no script, so the page listens for clicks on its links itself.
function followed(event) {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  event.preventDefault();
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (isPlain && bot && link.href.startsWith(`${bot}/`)) openMail(view.open, link.href.slice(bot.length));
  else window.open(link.href, "_blank", "noreferrer");
}

const linkedPage = () =>
  h("div", { class: "mail" },
    h("header", { class: "browser" },
      h("button", { type: "button", onclick: () => openMail(view.open) }, "‹ Mail"),
      h("span", { class: "address" }, `${bot}${view.linked}`),
      h("a", { href: `${bot}${view.linked}`, target: "_blank", rel: "noreferrer" }, "Open in a tab")),
    h("iframe", { title: "The page behind the link", src: `/linked${view.linked}`, sandbox: "allow-forms allow-same-origin" }));
