// The playground's page: draws what the town pushes, and posts what a person does.

import { atEnd, blocks, h, hour, keep, mrkdwn, plainly } from "./draw.js";
import { drawForm } from "./forms.js";
import { drawPhones } from "./phones.js";
import { drawMails } from "./mails.js";
import { drawSteps } from "./steps.js";

const $ = (id) => document.getElementById(id);

export const view = { user: "", channel: "", thread: "", awaited: "", seen: {}, typed: [] };
export let town = null;
const watchers = new Set();

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
  draw();
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

// Slack

const COLOURS = { ana: "1", ben: "2", cleo: "3", dana: "4", aws: "bot" };

export const names = () => Object.fromEntries([
  ...town.slack.users.map((user) => [user.id, user.name]),
  ...town.slack.channels.map((channel) => [channel.id, channel.name]),
]);
const userOf = (id) => town.slack.users.find((user) => user.id === id);
export const channelOf = (id) => town.slack.channels.find((channel) => channel.id === id);
const isDirect = () => view.channel === view.user;
// The direct message with the bot bears the person's id until it is opened.
const place = () => isDirect()
  ? town.slack.channels.find((c) => c.kind === "im" && c.members[0] === view.user) : channelOf(view.channel);

const messagesOf = (channel) => {
  if (!channel) return [];
  const own = channel.ephemerals.filter((message) => message.user === view.user);
  return [...channel.messages, ...own.map((message) => ({ ...message, only: true }))]
    .sort((one, other) => Number(one.ts) - Number(other.ts));
};
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

function drawSlack() {
  const all = town.slack.channels.filter((c) => c.kind !== "im" && !c.is_archived && c.members.includes(view.user));
  const shown = town.facts.channels ? all.filter((c) => town.facts.channels.includes(c.id)) : all;
  keep($("channels"), shown.map((c) => entry(c.id, c, `# ${c.name}`)));
  const direct = town.slack.channels.find((c) => c.kind === "im" && c.members[0] === view.user);
  keep($("directs"), [entry(view.user, direct, town.slack.bot.name)]);
  drawUsers();
  const channel = place();
  const title = isDirect() ? town.slack.bot.name : `# ${channel.name}`;
  $("channel-name").textContent = title;
  $("channel-members").textContent = isDirect() ? "Direct message with the bot" : `${channel.members.length} members`;
  $("compose").placeholder = `Message ${title}`;
  const top = messagesOf(channel).filter((message) => !isReply(message));
  atEnd($("messages"), () => keep($("messages"), top.length ? top.map((m, i) => shownMessage(m, channel, true, goesOn(top[i - 1], m))) : [quiet()]));
  drawThread(channel);
  if (channel) view.seen[channel.id] = channel.messages.at(-1)?.ts || "0";
}

const quiet = () => ({
  key: "quiet", sign: view.channel,
  build: () => h("p", { class: "empty" }, "It is quiet here. Type ", h("code", {}, "@aws help"), ", or take a suggestion from above."),
});

function entry(id, channel, title) {
  const last = channel?.messages.at(-1);
  const isUnread = last && id !== view.channel && Number(last.ts) > Number(view.seen[channel.id] || 0);
  const isHere = id === view.channel;
  return {
    key: id, sign: `${isHere} ${isUnread}`,
    build: () => h("li", {}, h("button", {
      type: "button", class: isUnread ? "unread" : "", "aria-current": isHere ? "true" : null,
      onclick: () => show({ channel: id, thread: "" }),
    }, title, isUnread && h("span", { class: "dot", title: "New messages" }))),
  };
}

function drawUsers() {
  const people = (town.facts.users || []).map(userOf).filter(Boolean);
  const shown = people.length ? people : town.slack.users.filter((user) => ["member", "admin"].includes(user.kind));
  keep($("users"), shown.map((user) => ({
    key: user.id, sign: String(user.id === view.user),
    build: () => h("button", {
      type: "button", role: "radio", "aria-checked": String(user.id === view.user),
      title: `${user.real_name}${user.kind === "admin" ? " (admin)" : ""}`,
      "aria-label": `Be ${user.real_name}${user.kind === "admin" ? ", an admin" : ""}`,
      onclick: () => show({ user: user.id, channel: isDirect() ? user.id : view.channel, thread: isDirect() ? "" : view.thread }),
    }, avatar(user.name)),
  })));
}

const avatar = (name) => h("span", { class: `avatar a-${COLOURS[name] || "1"}`, "aria-hidden": "true" }, name === "aws" ? "▲" : name[0].toUpperCase());

// One person's messages within five minutes stand under one name.
const goesOn = (before, message) =>
  Boolean(before) && before.user === message.user && !before.only && !message.only && !message.blocks?.some((b) => b.type === "header")
  && before.ts !== message.thread_ts && Number(message.ts) - Number(before.ts) < 300;

function shownMessage(message, channel, inChannel, goesOn) {
  const replies = inChannel ? channel.messages.filter((m) => isReply(m) && m.thread_ts === message.ts) : [];
  const sign = JSON.stringify([message, replies.length, replies.at(-1)?.ts, view.thread === message.ts && inChannel, view.user, goesOn]);
  return { key: message.ts, sign, build: (old) => buildMessage(message, channel, replies, goesOn, old) };
}

function buildMessage(message, channel, replies, goesOn, old) {
  const isBot = Boolean(message.bot_id);
  const author = isBot ? town.slack.bot : userOf(message.user);
  const press = (part) => pressed(message, channel, part);
  const node = h("article", { class: `message${message.only ? " only" : ""}${view.thread === message.ts ? " open" : ""}${goesOn ? " goes-on" : ""}` },
    avatar(author?.name || "?"),
    h("div", { class: "body" },
      h("p", { class: "by" }, h("b", {}, author?.name === "aws" ? "aws" : author?.real_name || "?"), isBot && h("span", { class: "app" }, "APP"),
        h("time", {}, hour(new Date(Number(message.ts) * 1000))), message.edited && h("span", { class: "edited" }, "(edited)"),
        message.only && h("span", { class: "edited" }, "Only visible to you")),
      message.blocks?.length ? blocks(message.blocks, names(), press) : message.text && h("div", { class: "b-text" }, mrkdwn(message.text, names())),
      (message.attachments || []).map((part) => h("details", {}, h("summary", {}, part.title || part.fallback || "Attachment"),
        part.blocks ? blocks(part.blocks, names(), press) : mrkdwn(part.text || "", names()))),
      (message.files || []).map(upload),
      reactions(message, channel),
      !message.only && h("p", { class: "more" }, h("button", { type: "button", class: replies.length ? "replies" : "reply", onclick: () => openThread(message) },
        replies.length ? `${replies.length} ${replies.length === 1 ? "reply" : "replies"}` : "Reply in thread")),
    ));
  if (old) node.classList.add("changed");
  return node;
}

const PIN = "pushpin";
const EMOJIS = { pushpin: "📌", eyes: "👀" };

// What a message bears, and what can be done with it: Slack shows the latter under the pointer.
function reactions(message, channel) {
  if (message.only) return null;
  const react = (emoji) => act("react", { user: view.user, channel: channel.id, ts: message.ts, emoji });
  const borne = (message.reactions || []).map((one) => h("button", {
    type: "button", class: "reaction", "aria-pressed": String(one.users.includes(view.user)), "aria-label": `${one.name}, ${one.count}`,
    onclick: () => react(one.name),
  }, `${EMOJIS[one.name] || `:${one.name}:`} ${one.count}`));
  if (message.bot_id) return borne.length ? h("p", { class: "tools" }, borne) : null;
  const isPinned = (message.reactions || []).some((one) => one.name === PIN && one.users.includes(view.user));
  return h("p", { class: "tools" }, borne,
    !isPinned && h("button", { type: "button", class: "tool pin", title: "React with a pushpin", "aria-label": "React with a pushpin", onclick: () => react(PIN) }, "📌"),
    h("button", { type: "button", class: "tool menu", title: "More actions", "aria-label": "More actions", onclick: () => menu(message, channel) }, "⋯"));
}

async function menu(message, channel) {
  const place = { user: view.user, channel: channel.id, ts: message.ts };
  let chosen = () => {};
  const choose = (run) => () => {
    chosen = run;
    $("dialog").close();
  };
  const entry = (label, run) => h("li", {}, h("button", { type: "button", onclick: choose(run) }, label));
  const isOwn = message.user === view.user;
  await ask({
    title: "Message",
    text: h("ul", { class: "menu" },
      entry("Add to incident timeline", () => act("shortcut", { ...place, callback_id: "add_to_timeline" })),
      isOwn && entry("Edit message", () => edit(message, place)),
      isOwn && entry("Delete message", () => act("delete", place))),
    yes: "Close",
  });
  await chosen();
}

async function edit(message, place) {
  const field = h("textarea", { rows: "4", "aria-label": "Message" }, plainly(message.text));
  const isSure = await ask({ title: "Edit message", text: field, yes: "Save", no: "Cancel" });
  if (isSure && field.value.trim()) await act("edit", { ...place, text: field.value.trim() });
}

function upload(file) {
  if (file.mimetype === "image/png") {
    const picture = h("img", { src: `/files/${file.id}`, alt: file.alt_txt || file.title, loading: "lazy" });
    return h("a", { class: "picture", href: `/files/${file.id}`, target: "_blank", rel: "noopener" }, picture);
  }
  const text = h("pre", { tabindex: "0" }, file.preview);
  const whole = async () => {
    const answer = await fetch(`/files/${file.id}`);
    if (answer.ok) text.textContent = await answer.text();
  };
  return h("details", { class: "file", ontoggle: whole },
    h("summary", {}, h("b", {}, file.title), h("span", {}, `${file.size.toLocaleString("en")} bytes`)), text);
}

async function pressed(message, channel, part) {
  const confirm = part.confirm;
  if (confirm) {
    const isSure = await ask({
      title: confirm.title.text, text: mrkdwn(confirm.text.text, names()), yes: confirm.confirm.text,
      no: confirm.deny.text, danger: part.style === "danger" || confirm.style === "danger",
    });
    if (!isSure) return;
  }
  await act("press", { user: view.user, channel: channel.id, ts: message.ts, action_id: part.action_id, value: part.value ?? null });
}

function openThread(message) {
  show({ thread: message.thread_ts || message.ts });
  $("compose-reply").focus();
}

// As in Slack, the answer to a command is in its thread; here the thread opens by itself
// where there is room for it beside the channel.
function openAwaited(channel) {
  if (!view.awaited || !channel) return;
  const own = channel.messages.filter((m) => m.user === view.user && !isReply(m)).at(-1);
  if (!own?.reply_count) return;
  view.awaited = "";
  if ($("slack").clientWidth >= 640) view.thread = own.ts;
}

function drawThread(channel) {
  openAwaited(channel);
  const thread = view.thread ? messagesOf(channel).filter((m) => view.thread === (m.thread_ts || m.ts)) : [];
  $("thread").hidden = !thread.length;
  $("slack").classList.toggle("has-thread", thread.length > 0);
  if (!thread.length) return;
  atEnd($("replies"), () => keep($("replies"), thread.map((m, i) => shownMessage(m, channel, false, goesOn(thread[i - 1], m)))));
}

// The frame around it all

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
}
setInterval(tick, 100);

function draw() {
  if (!town) return;
  drawTop();
  drawSlack();
  drawForm(town, view.user);
  drawPhones(town);
  drawMails(town);
  drawSteps(town);
}

function took(state) {
  const isFirst = town === null;
  town = state;
  ticked = { at: Date.parse(town.now), real: performance.now() };
  if (isFirst) {
    view.user = town.facts.users?.[0] || town.slack.users.find((user) => user.kind === "member").id;
    view.channel = town.facts.channels?.[0] || town.slack.channels[0].id;
  }
  draw();
  for (const look of [...watchers]) look();
}

function listen() {
  const source = new EventSource("/town");
  source.onmessage = (event) => {
    document.body.classList.remove("lost");
    took(JSON.parse(event.data));
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
