"use strict";
// Which part of the graph is seen: all of it where that is readable, else what the step is about.

const READABLE = 0.74; // of full size, at which the numbers are still read with ease
const LARGEST = 1.35;
const MARGIN = 14;

class Camera {
  /** svg: the picture.  size: { width, height } of the graph.  onMode: called when following starts or ends. */
  constructor(svg, size, onMode) {
    this.svg = svg;
    this.size = size;
    this.onMode = onMode;
    this.mode = "follow";
    this.view = { x: size.width / 2, y: size.height / 2, scale: 1 };
    this.subject = null;
    this.moving = 0;
    new ResizeObserver(() => this.settle(false)).observe(svg);
    this.listen();
  }

  /** Say what the step is about, as { x, y, width, height }; it comes into sight where it is not. */
  lookAt(box, smoothly) {
    this.subject = box;
    if (this.mode === "follow") this.settle(smoothly);
  }

  /** Bring a part of the graph into sight, however the rest is looked at. */
  reveal(box) {
    if (!this.sees(box)) this.glide({ ...this.view, x: box.x + box.width / 2, y: box.y + box.height / 2 }, true);
  }

  /** Return whether all of a part of the graph is in sight. */
  sees(box, { x, y, scale } = this.view) {
    const { width, height } = this.port();
    const inside = (from, size, centre, extent) => from >= centre - extent / 2 && from + size <= centre + extent / 2;
    return inside(box.x, box.width, x, width / scale) && inside(box.y, box.height, y, height / scale);
  }

  setMode(mode) {
    this.mode = mode;
    this.onMode(mode);
    this.settle(true);
  }

  zoom(factor, at = null) {
    const { x, y, scale } = this.view;
    const next = Math.min(4, Math.max(this.whole() * 0.8, scale * factor, 0.05));
    const fixed = at ?? { x, y };
    this.mode = "free";
    this.onMode(this.mode);
    this.show({ x: fixed.x + ((x - fixed.x) * scale) / next, y: fixed.y + ((y - fixed.y) * scale) / next, scale: next });
  }

  /** Return the scale at which all of the graph is seen. */
  whole() {
    const { width, height } = this.port();
    return Math.min(width / (this.size.width + 2 * MARGIN), height / (this.size.height + 2 * MARGIN), LARGEST);
  }

  port() {
    const { clientWidth, clientHeight } = this.svg;
    return { width: clientWidth || 800, height: clientHeight || 400 };
  }

  settle(smoothly) {
    if (this.mode === "free") this.show(this.view);
    else this.glide(this.mode === "whole" ? this.centred(this.whole()) : this.following(), smoothly);
  }

  centred(scale) {
    return { x: this.size.width / 2, y: this.size.height / 2, scale };
  }

  following() {
    const whole = this.whole();
    if (whole >= READABLE) return this.centred(whole);
    const { width, height } = this.port();
    const box = this.subject ?? { x: 0, y: 0, width: 0, height: 0 };
    const fitting = Math.min((width - 16) / box.width, (height - 16) / box.height);
    const scale = Math.max(whole, Math.min(READABLE, fitting));
    const seen = { width: width / scale, height: height / scale };
    // What is in sight already stays where it is: less motion, and easier to follow.
    const still = this.view.scale === scale && this.sees(box);
    const wanted = still ? this.view : { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    return {
      x: clamped(wanted.x, seen.width, this.size.width),
      y: clamped(wanted.y, seen.height, this.size.height),
      scale,
    };
  }

  glide(to, smoothly) {
    cancelAnimationFrame(this.moving);
    const from = this.view;
    if (!smoothly || reducedMotion() || (from.x === to.x && from.y === to.y && from.scale === to.scale)) {
      this.show(to);
      return;
    }
    const start = performance.now();
    const frame = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / 320));
      const eased = t * t * (3 - 2 * t);
      const mixed = (key) => from[key] + (to[key] - from[key]) * eased;
      this.show(t === 1 ? to : { x: mixed("x"), y: mixed("y"), scale: mixed("scale") });
      if (t < 1) this.moving = requestAnimationFrame(frame);
    };
    this.moving = requestAnimationFrame(frame);
  }

  show(view) {
    this.view = view;
    const { width, height } = this.port();
    const [w, h] = [width / view.scale, height / view.scale];
    this.svg.setAttribute("viewBox", `${view.x - w / 2} ${view.y - h / 2} ${w} ${h}`);
  }

  /** Return the place in the graph that lies under a place on the screen. */
  under(event) {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    const { x, y, scale } = this.view;
    return { x: x + (event.clientX - left - width / 2) / scale, y: y + (event.clientY - top - height / 2) / scale };
  }

  listen() {
    const held = new Map();
    const apart = () => {
      const [a, b] = [...held.values()];
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    };
    this.svg.addEventListener("pointerdown", (event) => held.set(event.pointerId, event));
    this.svg.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (before === undefined) return;
      const far = Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
      if (held.size === 1 && far < 4 && !this.svg.hasPointerCapture(event.pointerId)) return; // a click that shakes
      this.svg.setPointerCapture(event.pointerId);
      if (held.size === 2) {
        const was = apart();
        held.set(event.pointerId, event);
        if (was > 0) this.zoom(apart() / was, this.under(event));
        return;
      }
      held.set(event.pointerId, event);
      cancelAnimationFrame(this.moving);
      this.mode = "free";
      this.onMode(this.mode);
      const { x, y, scale } = this.view;
      this.show({ x: x - (event.clientX - before.clientX) / scale, y: y - (event.clientY - before.clientY) / scale, scale });
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      this.svg.addEventListener(end, (event) => held.delete(event.pointerId));
    }
    this.svg.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // the page, or the notebook around it, scrolls
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), this.under(event));
      },
      { passive: false },
    );
  }
}

function clamped(centre, seen, size) {
  if (seen >= size + 2 * MARGIN) return size / 2;
  return Math.min(size + MARGIN - seen / 2, Math.max(seen / 2 - MARGIN, centre));
}
