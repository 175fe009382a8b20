// Making and renewing elements. Text goes in as text, never as markup.

export const find = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Let the children of an element be one for each item, in order. What stays keeps its place and its focus, and is
// renewed only where its item changed; `edition` says what else it depends on (the language).
export function keep(parent, items, edition, create, renew) {
  const wanted = new Set(items.map((item) => item.key));
  const standing = new Map();
  for (const child of [...parent.children]) {
    if (wanted.has(child.dataset.key)) standing.set(child.dataset.key, child);
    else child.remove();
  }
  items.forEach((item, index) => {
    let child = standing.get(item.key);
    if (!child) {
      child = create(item);
      child.dataset.key = item.key;
    }
    const version = edition + JSON.stringify(item);
    if (child.dataset.version !== version) {
      child.dataset.version = version;
      renew(child, item);
    }
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}
