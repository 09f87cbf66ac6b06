// Slack's modals: the topmost one of who you are, as a dialog that is filled in and sent off.

import { blocks, h } from "./draw.js";
import { act, names, toast } from "./state.js";

const dialog = () => document.getElementById("form");

export function drawForm(town, user) {
  const view = town.slack.modals[user]?.at(-1);
  const node = dialog();
  const sign = view ? `${user} ${view.id} ${view.hash}` : "";
  if (node.dataset.sign !== sign) {
    node.dataset.sign = sign;
    node.replaceChildren();
    if (node.open) node.close();
    if (view) {
      node.append(build(view, user));
      node.showModal();
    }
  }
  if (view) showErrors(node, view.errors || {});
}

function showErrors(node, errors) {
  for (const field of node.querySelectorAll(".field")) {
    field.querySelector(".error").textContent = errors[field.dataset.block] || "";
  }
}

function build(view, user) {
  const cancel = () => act("close", { user });
  const submit = (event) => {
    event.preventDefault();
    send(event.target, view, user);
  };
  dialog().oncancel = (event) => {
    event.preventDefault();
    cancel();
  };
  return h("form", { onsubmit: submit, "aria-label": view.title.text },
    h("h2", { id: "form-title" }, view.title.text),
    h("div", { class: "fields" }, view.blocks.map((block) =>
      block.type === "input" ? field(block) : blocks([block], names(), () => toast("Not in a form.")))),
    h("div", { class: "dialog-buttons" },
      h("button", { type: "button", onclick: cancel }, view.close?.text || "Close"),
      view.submit && h("button", { type: "submit", class: "primary" }, view.submit.text)));
}

function field(block) {
  const name = block.element.action_id;
  return h("label", { class: "field", "data-block": block.block_id },
    h("span", { class: "label" }, block.label.text, block.optional && h("small", {}, " (optional)")),
    control(block.element, name, !block.optional),
    h("span", { class: "error", role: "alert" }));
}

function control(element, name, required) {
  const start = element.initial_value || "";
  const limits = { name, required, maxlength: element.max_length ? String(element.max_length) : null };
  if (element.type === "plain_text_input" && element.multiline) return h("textarea", { ...limits, rows: "5" }, start);
  if (element.type === "plain_text_input") return h("input", { ...limits, value: start });
  if (element.type === "datetimepicker") return h("input", { name, required, type: "datetime-local", title: "UTC" });
  if (element.type === "static_select") {
    const chosen = element.initial_option?.value;
    return h("select", { name, required },
      h("option", { value: "" }, element.placeholder?.text || "Choose"),
      element.options.map((option) => h("option", { value: option.value, selected: option.value === chosen }, option.text.text)));
  }
  return h("span", {}, `(${element.type})`);
}

async function send(form, view, user) {
  const values = {};
  for (const block of view.blocks.filter((one) => one.type === "input")) {
    const { action_id: name, type } = block.element;
    const given = form.elements[name].value;
    values[name] = given === "" ? null : given;
    if (type === "datetimepicker" && given) values[name] = Date.parse(`${given}Z`) / 1000;
  }
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  await act("submit", { user, values });
  button.disabled = false;
}
