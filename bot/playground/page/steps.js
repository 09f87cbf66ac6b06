// "Try this": each suggestion does what a person would do, and says what to look at.

import { h, keep } from "./draw.js";
import { ackPath, openMail } from "./mails.js";
import { lastCode, liveCall } from "./phones.js";
import { act, ask, channelOf, say, show, toast, town, until, view } from "./state.js";

const phoneOf = (name) => town.phones.find((phone) => phone.name === name);
const told = (text) => (document.getElementById("hint").textContent = text);
const home = () => town.facts.channels?.[0] || view.channel;

const holds = (message, action) => (message.blocks || []).flatMap((b) => b.elements || []).find((e) => e.action_id === action);
const isPaged = () => town.phones.some((phone) => phone.texts.some((text) => text.direction === "to_phone"));
let tries = 0;
const FIRST = "Start an incident first, or a test page.";

async function inChannel(text) {
  show({ channel: home(), thread: "" });
  return say(text, { channel: home() });
}

const STEPS = [
  ["Start an incident", async () => {
    told("Ana gets a text now, a mail a minute later, a call after two minutes. Nobody answers? After five minutes Ben and Cleo are paged.");
    await inChannel(`@aws ssm-incidents start-incident --response-plan-arn ${town.facts.plan_arn}`);
  }],
  ["Ignore it", async () => {
    told("A minute lasts a second now: mail, call, and after five minutes Ben and Cleo. Switch back at the top.");
    await act("pace", { pace: Math.max(...town.paces) });
  }],
  ["Acknowledge by code", async () => {
    const phone = ["ana", "ben", "cleo"].map(phoneOf).find((one) => one && !one.opted_out && lastCode(one));
    if (!phone) return toast(FIRST);
    told("The code from the text goes back as a reply. Look at the incident's card: it names who acknowledged.");
    await act("text", { phone: phone.number, text: lastCode(phone) });
  }],
  ["… by key 1", async () => {
    if (!isPaged()) return toast(FIRST);
    const ringing = () => town.phones.find(liveCall);
    if (!ringing()) {
      told("Waiting for a phone to ring; a minute lasts a second until then.");
      await act("pace", { pace: Math.max(...town.paces) });
    }
    const phone = await until(ringing, 30);
    await act("pace", { pace: 1 });
    if (!phone) return toast("No phone rang: the page is answered already, or its plan is through.");
    if (liveCall(phone).status === "ringing") await act("answer", { phone: phone.number });
    told("The call reads the page out. Key 1 acknowledges, 2 repeats, any other asks again.");
    const listens = () => liveCall(phoneOf(phone.name))?.is_listening;
    if (await until(listens, 40)) await act("key", { phone: phone.number, key: "1" });
  }],
  ["… by mail", async () => {
    const mail = () => town.mails.filter(ackPath).at(-1);
    if (!mail() && !isPaged()) return toast(FIRST);
    if (!mail()) {
      told("Waiting for the mail; a minute lasts a second until then.");
      await act("pace", { pace: Math.max(...town.paces) });
    }
    const found = await until(mail, 20);
    await act("pace", { pace: 1 });
    if (!found) return toast("No mail came: the page is answered already.");
    openMail(found.number, ackPath(found));
    told("This is the page behind the mail's link. Only its button acknowledges, so that a mail scanner never does.");
  }],
  ["… in Slack", async () => {
    const ana = town.slack.users.find((user) => user.name === "ana").id;
    const direct = () => town.slack.channels.find((c) => c.kind === "im" && c.members[0] === ana);
    const button = (message) => holds(message, "acknowledge_page");
    const page = direct()?.messages.filter(button).at(-1);
    if (!page) return toast(isPaged() ? "Nobody waits for an answer any more." : FIRST);
    told("Ana is linked to her Slack user, so that a direct message came beside the text. Only her own press of the button counts.");
    show({ user: ana, channel: ana, thread: "" });
    await act("press", { user: ana, channel: direct().id, ts: page.ts, action_id: "acknowledge_page", value: button(page).value });
  }],
  ["UNSUBSCRIBE", async () => {
    told("Texts and calls to Ana's number are off at once; the carrier says so itself, and the bot adds nothing.");
    await act("text", { phone: phoneOf("ana").number, text: "UNSUBSCRIBE" });
  }],
  ["START", async () => {
    told("START brings a new activation code. START alone activates nothing: reply with the code.");
    await act("text", { phone: phoneOf("ana").number, text: "START" });
  }],
  ["Test page", async () => {
    told("Every active channel of Ana's is paged, marked as a test; the receipts show in the thread.");
    await inChannel("@aws test-page ana");
  }],
  ["Use the AWS CLI", commandLine],
  ["Start a storm", async () => {
    told("Four incidents at once, and one text in 20 seconds: what comes sooner waits, and leaves as one text. Its code takes all that it names.");
    for (const title of ["Payments are failing", "Checkout is slow", "Disk full on db-2", "No DNS in eu-west-1"]) {
      await inChannel(`@aws ssm-incidents start-incident --response-plan-arn ${town.facts.plan_arn} --title "${title}"`);
    }
  }],
  ["Pin a message", async () => {
    const card = channelOf(home()).messages.filter((one) => holds(one, "resolve_incident")).at(-1);
    if (!card) return toast("Start an incident first.");
    told("A pushpin puts a message of its thread on an incident's timeline: look at the card. Edit or delete it by its ⋯, and the event follows.");
    const text = `Restarting the card processor, try ${++tries}`;
    show({ channel: home(), thread: card.ts });
    await say(text, { channel: home(), thread: card.ts });
    const found = await until(() => channelOf(home()).messages.find((one) => one.text === text), 10);
    if (found) await act("react", { user: view.user, channel: home(), ts: found.ts, emoji: "pushpin" });
  }],
];

export function drawSteps(state) {
  const known = state.facts.plan_arn ? STEPS : [];
  keep(document.getElementById("steps"), known.map(([label, run], number) => ({
    key: label, sign: "", build: () => h("li", {}, h("button", { type: "button", onclick: run, "data-step": String(number + 1) }, label)),
  })));
}

async function commandLine() {
  const { access_key_id: id, secret_access_key: secret, region } = town.facts;
  const keys = `export AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret} AWS_DEFAULT_REGION=${region}`;
  const cli = `aws --endpoint-url ${town.bot_url}`;
  const lines = [keys, `${cli} ssm-contacts list-contacts`, `${cli} ssm-incidents list-incident-records`];
  const copy = async () => {
    await navigator.clipboard.writeText(lines.join("\n"));
    toast("Copied.");
  };
  await ask({
    title: "The unmodified AWS CLI works too",
    text: [h("p", {}, "In a terminal on this machine. The keys are good for this run of the demo only."),
      h("pre", { tabindex: "0" }, lines.join("\n")),
      h("button", { type: "button", onclick: copy }, "Copy")],
    yes: "Close",
  });
}
