// Before and after on one canvas: zoom and move are the same for both, whatever is laid over them.

const MOST = 32; // screen pixels for one of the picture
const STEP = 1.25;

export class Viewer {
  /**
   * `stage` holds the canvas and the slider; `changed` is called when the zoom has changed.
   */
  constructor(stage, canvas, slider, changed) {
    this.stage = stage;
    this.canvas = canvas;
    this.slider = slider;
    this.changed = changed;
    this.context = canvas.getContext("2d", { alpha: false });
    this.mode = "compare";
    this.mix = 1; // of the picture after, while its strength is being chosen
    this.picture = null;
    this.size = { width: 0, height: 0 };
    this.scale = 1;
    this.center = { x: 0, y: 0 };
    this.fitted = true;
    this.pointers = new Map();
    this.waiting = false;
    new ResizeObserver(() => this.resize()).observe(stage);
    slider.addEventListener("input", () => this.draw());
    this.listen();
  }

  /** Show layers { key, width, height, before, after, region, heat }; of the same key, zoom and place stay. */
  show(picture) {
    const other = picture?.key !== this.picture?.key;
    this.picture = picture;
    if (other) this.fit();
    else this.draw();
  }

  get shown() {
    return this.picture && this.size.width > 0;
  }

  fitScale() {
    const { width, height } = this.picture;
    return Math.min(this.size.width / width, this.size.height / height, MOST / devicePixelRatio);
  }

  fit() {
    this.fitted = true;
    if (this.shown) {
      this.scale = this.fitScale();
      this.center = { x: this.picture.width / 2, y: this.picture.height / 2 };
    }
    this.settle();
  }

  /** One pixel of the picture on one of the screen. */
  pixels() {
    this.zoom(1 / devicePixelRatio / this.scale);
  }

  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    if (!this.shown) return;
    const least = Math.min(this.fitScale(), 1 / devicePixelRatio);
    const scale = Math.min(Math.max(this.scale * factor, least), MOST / devicePixelRatio);
    const x = at.x - this.size.width / 2;
    const y = at.y - this.size.height / 2;
    this.center.x += x / this.scale - x / scale;
    this.center.y += y / this.scale - y / scale;
    this.scale = scale;
    this.fitted = Math.abs(scale / this.fitScale() - 1) < 1e-6;
    this.settle();
  }

  move(x, y) {
    this.center.x -= x / this.scale;
    this.center.y -= y / this.scale;
    this.settle();
  }

  /** Keep the picture within reach, and draw. */
  settle() {
    if (this.shown) {
      for (const [axis, length] of [["x", "width"], ["y", "height"]]) {
        const half = this.size[length] / 2 / this.scale;
        const whole = this.picture[length];
        this.center[axis] = half * 2 >= whole ? whole / 2 : Math.min(Math.max(this.center[axis], half), whole - half);
      }
    }
    this.changed();
    this.draw();
  }

  /** The part of the picture that can be seen, in its pixels: [left, top, width, height]. */
  view() {
    if (!this.shown) return null;
    const { width, height } = this.picture;
    const left = Math.max(0, Math.floor(this.center.x - this.size.width / 2 / this.scale));
    const top = Math.max(0, Math.floor(this.center.y - this.size.height / 2 / this.scale));
    const right = Math.min(width, Math.ceil(this.center.x + this.size.width / 2 / this.scale));
    const bottom = Math.min(height, Math.ceil(this.center.y + this.size.height / 2 / this.scale));
    return [left, top, right - left, bottom - top];
  }

  resize() {
    this.size = { width: this.stage.clientWidth, height: this.stage.clientHeight };
    this.canvas.width = Math.max(1, Math.round(this.size.width * devicePixelRatio));
    this.canvas.height = Math.max(1, Math.round(this.size.height * devicePixelRatio));
    if (this.fitted) this.fit();
    else this.settle();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    const { context, canvas, picture } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
    context.fillStyle = getComputedStyle(this.stage).backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.shown) return;
    const ratio = canvas.width / this.size.width;
    const scale = this.scale * ratio;
    const left = Math.round(canvas.width / 2 - this.center.x * scale);
    const top = Math.round(canvas.height / 2 - this.center.y * scale);
    context.save();
    context.beginPath(); // whole pixels of the screen, or the edge would shine through
    context.rect(left, top, Math.round(picture.width * scale), Math.round(picture.height * scale));
    context.clip();
    context.setTransform(scale, 0, 0, scale, left, top);
    context.imageSmoothingEnabled = scale < 2;
    context.imageSmoothingQuality = "medium";
    if (this.mode === "difference") this.paintDifference();
    else if (this.mode === "heat") this.paintHeat();
    else this.paintBoth(scale, left, ratio);
    context.restore();
    if (this.mode === "compare" && this.comparable) this.paintBorder(ratio);
  }

  get comparable() {
    return Boolean(this.picture?.before && (this.picture.after || this.picture.region));
  }

  /** Where the border stands, in pixels of the page: where the slider has its handle. */
  border() {
    const handle = 2.75 * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const share = this.slider.value / this.slider.max;
    if (share === 0 || share === 1) return share * this.size.width;
    return handle / 2 + share * (this.size.width - handle);
  }

  paintBefore() {
    const { before, width, height } = this.picture;
    if (before) this.context.drawImage(before, 0, 0, width, height);
  }

  paintAfter() {
    const { context } = this;
    const { after, region, width, height } = this.picture;
    context.globalAlpha = this.mix;
    if (after) context.drawImage(after, 0, 0, width, height);
    context.globalAlpha = 1;
    if (region) context.drawImage(region.image, region.left, region.top);
  }

  paintBoth(scale, left, ratio) {
    this.paintBefore();
    if (!this.picture.after && !this.picture.region) return;
    const { context, picture } = this;
    context.save();
    if (picture.before) {
      const x = (this.border() * ratio - left) / scale;
      context.beginPath();
      context.rect(x, 0, picture.width - x, picture.height);
      context.clip();
      if (x >= picture.width) return context.restore();
    }
    this.paintAfter();
    context.restore();
  }

  paintBorder(ratio) {
    const { context, canvas } = this;
    const x = Math.round(this.border() * ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "rgb(0 0 0 / 35%)";
    context.fillRect(x - 2 * ratio, 0, 4 * ratio, canvas.height);
    context.fillStyle = "#fff";
    context.fillRect(x - ratio, 0, 2 * ratio, canvas.height);
  }

  paintDifference() {
    const { context, canvas, picture } = this;
    context.fillStyle = "#000";
    context.fillRect(-1, -1, picture.width + 2, picture.height + 2);
    if (!this.comparable) return;
    this.paintBefore();
    context.globalCompositeOperation = "difference";
    this.paintAfter();
    // Doubled three times: differences of one level would be too dark to see.
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "lighter";
    for (let times = 0; times < 3; times++) context.drawImage(canvas, 0, 0);
  }

  paintHeat() {
    const { context, picture } = this;
    this.paintBefore();
    this.paintAfter();
    if (!picture.heat) return;
    context.imageSmoothingEnabled = false;
    context.globalAlpha = 0.7;
    const { image, left, top, width, height } = picture.heat;
    context.drawImage(image, left, top, width, height);
    context.globalAlpha = 1;
  }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = this.pointers.get(event.pointerId);
      if (!last) return;
      const now = place(event);
      if (this.pointers.size === 1) {
        this.move(now.x - last.x, now.y - last.y);
      } else if (this.pointers.size === 2) {
        const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const distance = (at) => Math.hypot(at.x - other.x, at.y - other.y) || 1;
        this.zoom(distance(now) / distance(last), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
        this.move((now.x - last.x) / 2, (now.y - last.y) / 2);
      }
      this.pointers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("dblclick", (event) => {
      if (this.fitted) this.zoom(1 / devicePixelRatio / this.scale, place(event));
      else this.fit();
    });
    this.stage.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const lines = event.deltaMode === 1 ? 30 : 1;
        this.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 100 : 400)), place(event));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = 80;
      const actions = {
        ArrowLeft: () => this.move(step, 0),
        ArrowRight: () => this.move(-step, 0),
        ArrowUp: () => this.move(0, step),
        ArrowDown: () => this.move(0, -step),
        "+": () => this.zoom(STEP),
        "=": () => this.zoom(STEP),
        "-": () => this.zoom(1 / STEP),
        0: () => this.fit(),
        1: () => this.pixels(),
        b: () => this.flip(),
      };
      const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }

  /** Show all of the picture before, or all of the one after. */
  flip() {
    this.slider.value = Number(this.slider.value) > this.slider.max / 2 ? 0 : this.slider.max;
    this.draw();
  }
}
