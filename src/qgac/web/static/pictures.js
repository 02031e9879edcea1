// The pictures of the page: what is known of each, and the line in which they are restored.

import { Problem, ask, askPatiently, follow, forget } from "./api.js";
import { turned, withoutExif } from "./exif.js";

const AT_ONCE = 3; // sent to the service at a time
const KEPT = 3; // results of one picture, to come back to
const SHOWN = 3; // pictures whose pixels are in memory

export class Picture {
  static #count = 0;

  constructor(file) {
    this.id = `picture-${++Picture.#count}`;
    this.file = file;
    this.name = file.name || "pasted.jpg";
    this.facts = null;
    this.past = ""; // what is told of it, as a query
    this.problem = null; // a sentence
    this.tolerant = false;
    this.results = new Map(); // from settings to { id, notes }: the job that has them, what was taken for its past
    this.run = null; // { key, controller, id, state }
    this.layers = null; // what the viewer shows
  }

  /** The name of the file to save, without its suffix. */
  get stem() {
    return this.name.replace(/\.(jpe?g|jpe|jfif|png|webp|bmp|tiff?)$/i, "");
  }

  /** Whether it is a JPEG, and not what may have been one. */
  get isJpeg() {
    return !this.facts?.past;
  }
}

export class Pictures {
  /** `changed(picture)` is called whenever there is something new to show. */
  constructor(changed) {
    this.changed = changed;
    this.all = [];
    this.current = null;
    this.settings = "";
    this.view = () => null; // the part that is looked at, in pixels
    this.limits = null;
    this.inMemory = [];
  }

  add(files) {
    const added = [...files].map((file) => new Picture(file));
    this.all.push(...added);
    for (const picture of added) this.changed(picture);
    this.read(added);
    return added;
  }

  /** Ask for the facts of pictures, one after the other, so that restoring may begin with the first. */
  async read(pictures) {
    for (const picture of pictures) {
      if (!this.all.includes(picture)) continue; // removed before its turn
      picture.problem = null;
      try {
        this.limits ??= await (await ask("api/limits")).json();
        if (picture.file.size > this.limits.max_bytes) {
          const megabytes = Math.floor(this.limits.max_bytes / 1e6);
          throw new Problem(413, `the file has more than ${megabytes} MB, the limit of this service`);
        }
        const query = picture.tolerant ? "?tolerant=true" : "";
        const answer = await askPatiently(`api/info${query}`, { method: "POST", body: picture.file });
        picture.facts = await answer.json();
      } catch (error) {
        picture.problem = error.message;
      }
      this.changed(picture);
      this.pump();
    }
  }

  select(picture) {
    this.current = picture;
    this.pump();
  }

  remove(picture) {
    this.stop(picture);
    for (const { id } of picture.results.values()) forget(id);
    this.all.splice(this.all.indexOf(picture), 1);
    this.inMemory = this.inMemory.filter((other) => other !== picture);
    if (this.current === picture) this.current = null;
  }

  /** Other settings. */
  apply(settings) {
    this.settings = settings;
    for (const picture of this.all) this.anew(picture);
    this.pump();
  }

  /** Tell of the past of one picture what its file does not say. */
  tell(picture, past) {
    picture.past = past;
    this.anew(picture);
    this.pump();
  }

  /** What runs with other settings is of no use. */
  anew(picture) {
    if (picture.run && picture.run.key !== this.key(picture)) this.stop(picture);
    if (picture.facts) picture.problem = null;
    this.changed(picture);
  }

  key(picture) {
    return [this.settings, picture.past, picture.tolerant && "tolerant=true"].filter(Boolean).join("&");
  }

  /** What was taken for the past of a picture, in the result that is shown. */
  notes(picture) {
    return this.result(picture)?.notes ?? [];
  }

  result(picture) {
    return picture.results.get(this.key(picture));
  }

  tolerate(picture) {
    picture.tolerant = true;
    this.read([picture]);
  }

  /** How many pictures come before one that waits. */
  before(picture) {
    const sent = this.all.filter((other) => other.run);
    const position = picture.run?.state?.position ?? 0;
    if (picture.run) return Math.max(position, sent.indexOf(picture));
    return sent.length + this.line().indexOf(picture);
  }

  line() {
    const wanting = this.all.filter(
      (picture) => picture.facts && !picture.problem && !picture.run && !this.result(picture),
    );
    const first = wanting.indexOf(this.current);
    if (first > 0) wanting.unshift(...wanting.splice(first, 1));
    return wanting;
  }

  pump() {
    let running = this.all.filter((picture) => picture.run).length;
    for (const picture of this.line()) {
      // What is looked at does not wait for what is not.
      if (running >= AT_ONCE + (picture === this.current)) break;
      this.restore(picture);
      running++;
    }
    for (const picture of this.line()) this.changed(picture);
  }

  async restore(picture) {
    const run = { key: this.key(picture), controller: new AbortController(), id: null, state: null, region: false };
    picture.run = run;
    this.changed(picture);
    const { signal } = run.controller;
    try {
      const query = new URLSearchParams(run.key);
      const view = picture === this.current && picture.layers?.orientation === 1 ? this.view() : null;
      if (view) query.set("view", view.join());
      const begun = await askPatiently(`api/jobs?${query}`, { method: "POST", body: picture.file, signal });
      run.id = (await begun.json()).id;
      const end = await follow(run.id, signal, (state) => {
        run.state = state;
        if (state.region && !run.region) {
          run.region = true;
          this.showRegion(picture, run);
        }
        this.changed(picture);
      });
      if (end.state === "done") this.keep(picture, run, end.notes);
      if (end.state === "failed") picture.problem = end.problem.detail;
    } catch (error) {
      if (error.name === "AbortError") {
        if (run.id) forget(run.id);
      } else {
        picture.problem = error.message;
      }
    }
    if (picture.run === run) picture.run = null;
    this.changed(picture);
    this.pump();
  }

  keep(picture, run, notes) {
    picture.results.set(run.key, { id: run.id, notes });
    const [[oldest, { id }]] = picture.results;
    if (picture.results.size > KEPT) {
      forget(id);
      picture.results.delete(oldest);
    }
  }

  stop(picture) {
    picture.run?.controller.abort();
    picture.run = null;
  }

  /** Forget every job: the page is being left. */
  leave() {
    for (const picture of this.all) {
      if (picture.run?.id) forget(picture.run.id);
      for (const { id } of picture.results.values()) forget(id);
      picture.results.clear();
    }
  }

  /** Have the pixels of the current picture ready to be shown. */
  async load(picture) {
    this.inMemory = [picture, ...this.inMemory.filter((other) => other !== picture)];
    for (const other of this.inMemory.splice(SHOWN)) other.layers = null;
    if (!picture.facts) return;
    if (!picture.layers) {
      const { blob, orientation } = await withoutExif(picture.file);
      const before = await createImageBitmap(blob).then((image) => turned(image, orientation), () => null);
      const across = orientation >= 5;
      const { width, height } = picture.facts;
      picture.layers ??= {
        key: picture.id,
        orientation,
        width: across ? height : width,
        height: across ? width : height,
        before,
        after: null,
        afterKey: null,
        region: null,
        heat: null,
      };
      this.changed(picture);
    }
    await this.loadAfter(picture);
  }

  async loadAfter(picture) {
    const { layers } = picture;
    const key = this.key(picture);
    const id = this.result(picture)?.id;
    if (!id || !layers || layers.afterKey === key || layers.loading === key) return;
    layers.loading = key;
    try {
      const ink = picture.facts.color === "CMYK" || picture.facts.color === "YCCK";
      const answer = await ask(`api/jobs/${id}/result?format=png${ink ? "&srgb=true" : ""}`);
      const { blob } = await withoutExif(await answer.blob());
      const image = await createImageBitmap(blob);
      if (key === this.key(picture)) {
        layers.after = turned(image, layers.orientation);
        layers.afterKey = key;
        layers.region = null;
      }
    } catch (error) {
      if (error.status === 404) picture.results.delete(key); // kept no longer: once more
      else picture.problem = error.message;
    }
    layers.loading = null;
    this.changed(picture);
    this.pump();
  }

  async showRegion(picture, run) {
    try {
      const [left, top] = run.state.region;
      const answer = await ask(`api/jobs/${run.id}/region`, { signal: run.controller.signal });
      const image = await createImageBitmap(await answer.blob());
      if (picture.run !== run || !picture.layers) return;
      picture.layers.region = { image, left, top };
      this.changed(picture);
    } catch {
      // The whole picture comes soon.
    }
  }

  async loadHeat(picture) {
    const { layers } = picture;
    if (!layers || layers.heat || layers.heating || !picture.isJpeg) return;
    layers.heating = true;
    try {
      const query = picture.tolerant ? "?tolerant=true" : "";
      const answer = await askPatiently(`api/heat-map${query}`, { method: "POST", body: picture.file });
      const top = Number(answer.headers.get("QGAC-Heat-Map-Top"));
      const blocks = await createImageBitmap(await answer.blob());
      const [width, height] = [8 * blocks.width, 8 * blocks.height];
      if (layers.orientation === 1) {
        layers.heat = { image: blocks, left: 0, top: 0, width, height, largest: top };
      } else {
        // The last blocks reach beyond the picture, on whichever side that is now.
        const image = turned(blocks, layers.orientation, width, height);
        const left = [2, 3, 7, 6].includes(layers.orientation) ? layers.width - image.width : 0;
        const above = [3, 4, 7, 8].includes(layers.orientation) ? layers.height - image.height : 0;
        layers.heat = { image, left, top: above, width: image.width, height: image.height, largest: top };
      }
      this.changed(picture);
    } finally {
      layers.heating = false;
    }
  }

  /** The restored picture as a file, in a format given as a query. */
  async file(picture, format) {
    const key = this.key(picture);
    if (format.includes("consistent=true")) {
      const query = new URLSearchParams(`${key}&${format}`);
      query.delete("earlier"); // it is this file that it keeps to
      return (await askPatiently(`api/restore?${query}`, { method: "POST", body: picture.file })).blob();
    }
    const id = this.result(picture)?.id;
    if (!id) throw new Problem(409, `${picture.name} is not restored yet; wait for it`);
    try {
      return await (await ask(`api/jobs/${id}/result?${format}`)).blob();
    } catch (error) {
      if (error.status !== 404) throw error;
      picture.results.delete(key);
      const answer = await askPatiently(`api/restore?${key}&${format}`, { method: "POST", body: picture.file });
      return answer.blob();
    }
  }
}
