// Small tools to build the page, and Slack's texts and blocks as Slack would draw them.
// Nothing here ever makes HTML of a text: every text becomes a text node.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Make `parent` hold one node per item, in order. A node is kept while its item's `sign` is
// the same, so that focus, selection and unfolded parts survive.
export function keep(parent, items) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let before = null;
  for (const { key, sign, build } of items) {
    let node = known.get(key);
    if (!node || node.dataset.sign !== sign) {
      const fresh = build(node);
      fresh.dataset.key = key;
      fresh.dataset.sign = sign;
      if (node) node.replaceWith(fresh);
      else fresh.classList.add("new");
      node = fresh;
    }
    known.delete(key);
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== node) parent.insertBefore(node, place);
    before = node;
  }
  for (const node of known.values()) node.remove();
}

// Keep a list at its end while it grows or changes its size, until the reader scrolls up.
const followed = new WeakMap(); // scroller -> {follows, top}

export function atEnd(scroller, change) {
  if (!followed.has(scroller)) {
    const state = { follows: true, top: 0 };
    followed.set(scroller, state);
    scroller.addEventListener("scroll", () => {
      const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
      if (isAtEnd) state.follows = true;
      else if (scroller.scrollTop < state.top) state.follows = false;
      state.top = scroller.scrollTop;
    });
    new ResizeObserver(() => follow(scroller)).observe(scroller);
  }
  change();
  follow(scroller);
}

function follow(scroller) {
  if (followed.get(scroller).follows) scroller.scrollTop = scroller.scrollHeight;
}

// Slack's mrkdwn

export const plainly = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const INLINE = /<([^<>\n]+)>|`([^`\n]+)`|(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])|(?<![\w~])~(\S(?:[^~\n]*\S)?)~(?![\w~])/g;

export function mrkdwn(text, names) {
  return text.split(/```\n?([\s\S]*?)\n?```/).map((part, number) => {
    if (number % 2) return h("pre", { tabindex: "0" }, plainly(part));
    return quoted(part, names);
  });
}

function quoted(text, names) {
  const runs = [];
  for (const line of text.split("\n")) {
    const isQuote = line.startsWith("&gt;");
    const last = runs.at(-1);
    const shown = isQuote ? line.slice(4).trimStart() : line;
    if (last && last.isQuote === isQuote) last.lines.push(shown);
    else runs.push({ isQuote, lines: [shown] });
  }
  return runs.map(({ isQuote, lines }) => {
    const nodes = inline(lines.join("\n"), names);
    return isQuote ? h("blockquote", {}, nodes) : nodes;
  });
}

function inline(text, names) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(plainly(text.slice(end, match.index)));
    const [whole, angle, code, bold, italic, struck] = match;
    if (angle) nodes.push(reference(angle, names));
    else if (code) nodes.push(h("code", {}, codeParts(code)));
    else if (bold) nodes.push(h("b", {}, inline(bold, names)));
    else if (italic) nodes.push(h("i", {}, inline(italic, names)));
    else nodes.push(h("s", {}, inline(struck, names)));
    end = match.index + whole.length;
  }
  nodes.push(plainly(text.slice(end)));
  return nodes;
}

// Let a long ARN wrap where it reads well.
function codeParts(code) {
  return plainly(code).split(/(?<=[:/])/).flatMap((part) => [part, h("wbr")]);
}

function reference(text, names) {
  const [target, label] = text.split("|");
  if (target.startsWith("@")) return h("span", { class: "mention" }, `@${label || names[target.slice(1)] || target.slice(1)}`);
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${label || names[target.slice(1)] || target.slice(1)}`);
  if (target.startsWith("!date^")) return dated(target, plainly(label || ""));
  if (target.startsWith("!")) return h("span", { class: "mention" }, `@${label || target.slice(1)}`);
  const shown = plainly(label || target.replace(/^mailto:/, ""));
  if (!/^(https?|mailto):/.test(target)) return plainly(`<${text}>`);
  return h("a", { href: plainly(target), target: "_blank", rel: "noreferrer" }, shown);
}

// Slack writes {ago} anew while one looks; `refreshAgo` does. Other dates stand as their label.
function dated(target, label) {
  const [, at, format] = target.split("^");
  const isLive = format.includes("{ago}");
  return h("time", isLive ? { class: "ago", "data-at": at, "data-format": format } : {}, label);
}

export function refreshAgo(now) {
  for (const node of document.querySelectorAll("time.ago")) {
    const words = node.dataset.format.replace("{ago}", ago(now - node.dataset.at));
    if (node.textContent !== words) node.textContent = words;
  }
}

function ago(seconds) {
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([most]) => seconds >= most) || [1, "second"];
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

// Block Kit

export function blocks(list, names, press) {
  return list.map((block) => (DRAW[block.type] || unknown)(block, names, press));
}

const textOf = (text, names) =>
  text.type === "mrkdwn" ? mrkdwn(text.text, names) : text.text;

const DRAW = {
  header: (block) => h("h4", { class: "b-header" }, block.text.text),
  divider: () => h("hr"),
  section: (block, names, press) =>
    h("div", { class: "b-section" },
      block.text && h("div", { class: "b-text" }, textOf(block.text, names)),
      block.fields && h("div", { class: "b-fields" },
        block.fields.map((field) => h("div", { class: field.text.length > 90 ? "wide" : "" }, textOf(field, names)))),
      block.accessory && element(block.accessory, press)),
  context: (block, names) =>
    h("div", { class: "b-context" },
      block.elements.map((part) => part.type === "image" ? part.alt_text : h("div", {}, textOf(part, names)))),
  actions: (block, names, press) =>
    h("div", { class: "b-actions" }, block.elements.map((part) => element(part, press))),
  rich_text: (block, names) => h("div", { class: "b-rich" }, block.elements.map((part) => rich(part, names))),
  image: (block) => h("p", { class: "b-context" }, block.alt_text),
};

const unknown = (block) => h("p", { class: "b-context" }, `(a block of type ${block.type})`);

function element(part, press) {
  if (part.type !== "button") return h("span", { class: "b-context" }, `(${part.type})`);
  if (part.url) return h("a", { class: `b-button ${part.style || ""}`, href: part.url, target: "_blank", rel: "noreferrer" }, part.text.text);
  return h("button", { type: "button", class: `b-button ${part.style || ""}`, onclick: () => press(part) }, part.text.text);
}

function rich(part, names) {
  const inner = () => (part.elements || []).map((piece) => richPiece(piece, names));
  if (part.type === "rich_text_preformatted") return h("pre", { tabindex: "0" }, inner());
  if (part.type === "rich_text_quote") return h("blockquote", {}, inner());
  if (part.type === "rich_text_list") {
    return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => h("li", {}, rich(item, names))));
  }
  return h("div", {}, inner());
}

function richPiece(piece, names) {
  if (piece.type === "link") return reference(`${piece.url}|${piece.text || piece.url}`, names);
  if (piece.type === "user") return reference(`@${piece.user_id}`, names);
  if (piece.type === "channel") return reference(`#${piece.channel_id}`, names);
  if (piece.type === "emoji") return `:${piece.name}:`;
  const style = piece.style || {};
  let node = document.createTextNode(piece.text || "");
  for (const [name, tag] of [["code", "code"], ["bold", "b"], ["italic", "i"], ["strike", "s"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

export const hour = (instant) =>
  instant.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
