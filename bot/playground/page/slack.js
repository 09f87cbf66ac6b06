// Slack: its channels, messages and threads, as far as they are needed here.

import { atEnd, blocks, h, hour, keep, mrkdwn, plainly } from "./draw.js";
import { act, ask, channelOf, names, show, town, view } from "./state.js";

const $ = (id) => document.getElementById(id);

const COLOURS = { ana: "1", ben: "2", cleo: "3", dana: "4", aws: "bot" };

const userOf = (id) => town.slack.users.find((user) => user.id === id);
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

export function drawSlack() {
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
