// What the page knows: the town as it was pushed last, and what a person looks at; and what a
// person does.

import { h } from "./draw.js";

const $ = (id) => document.getElementById(id);

export const view = { user: "", channel: "", thread: "", awaited: "", seen: {}, typed: [] };
export let town = null;
const watchers = new Set();
let drawn = () => {};

// Have the page drawn by `draw`, whenever the town or what is looked at has changed.
export function drawWith(draw) {
  drawn = draw;
}

export function take(state) {
  const isFirst = town === null;
  town = state;
  if (isFirst) {
    view.user = town.facts.users?.[0] || town.slack.users.find((user) => user.kind === "member").id;
    view.channel = town.facts.channels?.[0] || town.slack.channels[0].id;
  }
  drawn();
  for (const look of [...watchers]) look();
}

export const names = () => Object.fromEntries([
  ...town.slack.users.map((user) => [user.id, user.name]),
  ...town.slack.channels.map((channel) => [channel.id, channel.name]),
]);
export const channelOf = (id) => town.slack.channels.find((channel) => channel.id === id);

// What a person does

export async function act(what, details = {}) {
  const answer = await fetch("/do", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ do: what, ...details }),
  });
  if (answer.ok) return true;
  const said = await answer.json().catch(() => ({ error: "The playground did not take that." }));
  toast(said.error);
  return false;
}

export async function say(text, { user = view.user, channel = view.channel, thread = "" } = {}) {
  const what = text.startsWith("/") ? "slash" : "say";
  if (what === "say" && !thread) view.awaited = text;
  return act(what, { user, channel, text, ...(thread && what === "say" ? { thread_ts: thread } : {}) });
}

// Resolve once the town is such that `fact` is true; null after so many seconds.
export function until(fact, seconds = 60) {
  return new Promise((resolve) => {
    const look = () => {
      const found = fact();
      if (found) finish(found);
    };
    const finish = (found) => {
      watchers.delete(look);
      clearTimeout(timer);
      resolve(found);
    };
    const timer = setTimeout(() => finish(null), seconds * 1000);
    watchers.add(look);
    look();
  });
}

export function show(changes) {
  Object.assign(view, changes);
  drawn();
}

let toastTimer = 0;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 5000);
}

export function ask({ title, text, yes, no, danger }) {
  return new Promise((resolve) => {
    const dialog = $("dialog");
    const close = (answer) => () => dialog.close(answer);
    dialog.replaceChildren(
      h("h2", { id: "dialog-title" }, title),
      h("div", { class: "dialog-text" }, text),
      h("div", { class: "dialog-buttons" },
        no && h("button", { type: "button", onclick: close("no") }, no),
        h("button", { type: "button", class: danger ? "danger" : "primary", autofocus: true, onclick: close("yes") }, yes)),
    );
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
