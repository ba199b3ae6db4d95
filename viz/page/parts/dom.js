"use strict";
// Making elements, and colours for numbers. User text goes into a page through textContent only.

const SVG = "http://www.w3.org/2000/svg";

/** Return a new element with classes and content: texts, elements, or lists of them. */
function made(tag, classes, ...content) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  for (const part of content.flat(Infinity)) element.append(part);
  return element;
}

/** Return a new SVG element with attributes and children: texts or elements. */
function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return the class for a number's colours: its sign, and its size among four as a share of the largest. */
function signClass(x, largest, levels) {
  if (!Number.isFinite(x)) return "bad";
  if (x === 0) return "zero";
  return `${x > 0 ? "plus" : "minus"}-${levels.filter((share) => Math.abs(x) >= share * largest).length}`;
}

function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Return the place of the nearest of several centres in a direction, [dx, dy], or null where there is none. */
function nearestAhead(centres, from, [dx, dy], allowed = () => true) {
  const [x, y] = centres[from];
  let [nearest, least] = [null, Infinity];
  centres.forEach(([toX, toY], place) => {
    if (place === from || !allowed(place)) return;
    const ahead = dx * (toX - x) + dy * (toY - y);
    const aside = Math.abs(dx * (toY - y)) + Math.abs(dy * (toX - x));
    if (ahead > 1 && ahead + 2 * aside < least) [nearest, least] = [place, ahead + 2 * aside];
  });
  return nearest;
}

/** Call `action` whenever an element comes into sight: out of sight, in a notebook's frame, no text has a width. */
function whenSeen(element, action) {
  new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) action();
  }).observe(element);
}

/** Let the switch in the page's head choose between light and dark. */
function listenToTheme() {
  const theme = document.getElementById("theme");
  const { dataset } = document.documentElement;
  theme.value = dataset.theme;
  theme.addEventListener("change", () => {
    dataset.theme = theme.value;
  });
}
