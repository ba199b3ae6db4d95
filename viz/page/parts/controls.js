"use strict";
// Buttons, slider, keys and play: what moves a page from one position to the next. What is shown is not its concern.

class Controls {
  /**
   * unit: what a position is, "step" or "epoch".  last: the last position; the first is 0.
   * show: called with each position that is gone to, and the one before it.
   * count: what stands beside the slider, and spoken: what it says to screen readers, for a position.
   * keys: other keys and what they do.  own: a selector of elements that have their own use for keys.
   * pause: milliseconds between two positions while playing.
   */
  constructor({ last, show, count, spoken, keys = {}, own = "select", pause = 1600 }) {
    Object.assign(this, { last, show, count, spoken, own, pause });
    this.position = 0;
    this.timer = null;
    this.find = (id) => document.getElementById(id);
    this.find("slider").max = String(last);
    this.listen(keys);
    listenToTheme();
  }

  /** Go to a position, or as far as there are any. */
  go(position) {
    const before = this.position;
    this.position = Math.min(this.last, Math.max(0, Math.round(position) || 0));
    this.show(this.position, before);
    const slider = this.find("slider");
    slider.value = String(this.position);
    slider.setAttribute("aria-valuetext", this.spoken(this.position));
    this.find("count").textContent = this.count(this.position);
    // Not `disabled`, which would take the focus away from whoever has just pressed it.
    for (const id of ["first", "back"]) this.find(id).setAttribute("aria-disabled", String(this.position === 0));
    for (const id of ["next", "end"]) this.find(id).setAttribute("aria-disabled", String(this.position === this.last));
    this.find("done").style.width = `${this.last === 0 ? 100 : (100 * this.position) / this.last}%`;
  }

  /** Go to a position and stay there. */
  stopAt(position) {
    this.stop();
    this.go(position);
  }

  play() {
    if (this.position === this.last) this.go(0);
    this.find("play").setAttribute("aria-label", "Pause");
    document.body.classList.add("playing");
    this.tick();
  }

  tick() {
    this.timer = setTimeout(() => {
      this.go(this.position + 1);
      if (this.position === this.last) this.stop();
      else this.tick();
    }, this.pause / Number(this.find("speed").value));
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.find("play").setAttribute("aria-label", "Play");
    document.body.classList.remove("playing");
  }

  listen(more) {
    const toggle = () => (this.timer === null ? this.play() : this.stop());
    const keys = {
      ArrowRight: () => this.stopAt(this.position + 1),
      ArrowLeft: () => this.stopAt(this.position - 1),
      Home: () => this.stopAt(0),
      End: () => this.stopAt(this.last),
      " ": toggle,
      Escape: () => {
        this.find("help").open = false;
      },
      ...more,
    };
    document.addEventListener("keydown", (event) => {
      const action = keys[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest(this.own) || (event.key !== "Escape" && event.target.closest(".help"))) return;
      if (event.key === " " && event.target.closest("button, summary")) return;
      action();
      event.preventDefault();
    });
    this.find("first").addEventListener("click", keys.Home);
    this.find("back").addEventListener("click", keys.ArrowLeft);
    this.find("next").addEventListener("click", keys.ArrowRight);
    this.find("end").addEventListener("click", keys.End);
    this.find("play").addEventListener("click", toggle);
    this.find("slider").addEventListener("input", () => this.stopAt(Number(this.find("slider").value)));
  }
}
