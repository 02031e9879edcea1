// The page: pictures in, the viewer, settings and download, joined.

import { ask } from "./api.js";
import { bytes, factsOf, isLeft, qualityOf } from "./facts.js";
import { pastOf, showFields, showPast } from "./past.js";
import { Pictures } from "./pictures.js";
import { Viewer } from "./viewer.js";
import { distinct, zip } from "./zip.js";

const find = (id) => document.getElementById(id);
const percent = (value) => `${value} %`;
const SUFFIXES = { png: ".png", webp: ".webp", tiff: ".tiff", jpeg: ".jpg" };
const FORMAT_HELP = {
  "format=webp": "Not for CMYK, and at most 16383 pixels a side.",
  "format=tiff&depth=float": "32 bits, 0 to 1: as restored, never rounded.",
  "format=jpeg&consistent=true": "The restored coefficients themselves: rounded by the old tables, they are the old file.",
};

const viewer = new Viewer(find("stage"), find("canvas"), find("slider"), () => {
  const share = viewer.scale * devicePixelRatio * 100;
  find("scale").textContent = viewer.shown ? percent(share < 10 ? share.toFixed(1) : Math.round(share)) : "";
});
const pictures = new Pictures(changed);
pictures.view = () => (viewer.fitted ? null : viewer.view());
const entries = new Map();

// Pictures come in.

function add(files) {
  if (!files.length) return;
  find("welcome").hidden = true;
  find("work").hidden = false;
  const added = pictures.add(files);
  if (!pictures.current) select(added[0]);
}

find("choose").addEventListener("click", () => find("files").click());
find("add").addEventListener("click", () => find("files").click());
find("files").addEventListener("change", (event) => {
  add([...event.target.files]);
  event.target.value = "";
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  add([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => add([...(event.clipboardData?.files ?? [])]));
addEventListener("pagehide", () => pictures.leave());
addEventListener("pageshow", (event) => event.persisted && pictures.pump()); // back again: once more

// The list.

function entryOf(picture) {
  const known = entries.get(picture);
  if (known) return known;
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "shot";
  const thumb = document.createElement("canvas");
  thumb.className = "thumb";
  thumb.width = thumb.height = 120;
  const text = document.createElement("span");
  const [label, what, how] = ["label", "what", "how"].map((name) => {
    const part = document.createElement("span");
    part.className = name;
    text.append(part);
    return part;
  });
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", `Progress of ${picture.name}`);
  text.append(bar);
  label.textContent = label.title = picture.name;
  button.append(thumb, text);
  button.addEventListener("click", () => select(picture));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "remove quiet";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${picture.name}`);
  remove.addEventListener("click", () => drop(picture));
  item.append(button, remove);
  find("list").append(item);
  const entry = { item, button, thumb, what, how, bar, said: "" };
  entries.set(picture, entry);
  drawThumb(picture, thumb);
  return entry;
}

async function drawThumb(picture, canvas) {
  try {
    const image = await createImageBitmap(picture.file);
    const side = Math.min(image.width, image.height);
    const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
    canvas.getContext("2d").drawImage(image, left, top, side, side, 0, 0, canvas.width, canvas.height);
    image.close();
  } catch {
    // No browser shows it; its problem is told beside it.
  }
}

function drop(picture) {
  const at = pictures.all.indexOf(picture);
  const current = picture === pictures.current;
  pictures.remove(picture);
  entries.get(picture).item.remove();
  entries.delete(picture);
  if (!pictures.all.length) {
    find("work").hidden = true;
    find("welcome").hidden = false;
    viewer.show(null);
    find("choose").focus();
  } else if (current) {
    const next = pictures.all[Math.min(at, pictures.all.length - 1)];
    select(next);
    entries.get(next).button.focus();
  }
  count();
}

function count() {
  const number = pictures.all.length;
  find("count").textContent = number === 1 ? "1 picture" : `${number} pictures`;
  find("save-all").hidden = number < 2;
}

function select(picture) {
  pictures.select(picture);
  for (const [other, entry] of entries) {
    if (other === picture) entry.button.setAttribute("aria-current", "true");
    else entry.button.removeAttribute("aria-current");
  }
  showPast(picture);
  changed(picture);
}

// What is shown of a picture, whenever something is new.

function stateOf(picture) {
  if (picture.problem) return ["failed", "Cannot be restored"];
  if (!picture.facts) return ["", "Reading"];
  if (pictures.result(picture)) return ["done", isLeft(pictures.notes(picture)) ? "Left as it is" : "Restored"];
  const state = picture.run?.state;
  if (state?.state === "running") {
    return ["", state.tiles ? `Restoring, ${state.done} of ${state.tiles}` : "Restoring"];
  }
  const before = pictures.before(picture);
  return ["", before > 0 ? `Waiting behind ${before}` : "Waiting"];
}

function changed(picture) {
  if (!pictures.all.includes(picture)) return; // removed while something was on its way
  const entry = entryOf(picture);
  const [kind, how] = stateOf(picture);
  const { facts } = picture;
  entry.how.className = `how ${kind}`;
  entry.how.textContent = how;
  entry.what.textContent = facts ? `${facts.width} × ${facts.height}, ${qualityOf(facts)}` : bytes(picture.file.size);
  const working = picture.run?.state?.state === "running";
  entry.bar.hidden = !working;
  setProgress(entry.bar, picture.run?.state);
  if (how !== entry.said && (kind === "done" || kind === "failed")) {
    find("live").textContent = `${picture.name}: ${kind === "done" ? "restored" : picture.problem}`;
  }
  entry.said = how;
  count();
  if (picture === pictures.current) showCurrent(picture);
}

function setProgress(bar, state) {
  if (state?.tiles) bar.value = state.done / state.tiles;
  else bar.removeAttribute("value");
}

function showCurrent(picture) {
  const { facts, layers, problem } = picture;
  find("name").textContent = picture.name;
  find("facts").textContent = facts ? factsOf(picture, pictures.notes(picture)).join(" · ") : "";
  showNotice(picture, problem);
  const working = picture.run && !problem;
  find("stage").setAttribute("aria-busy", Boolean(working));
  find("progress").hidden = !working;
  setProgress(find("progress"), picture.run?.state);
  viewer.show(layers);
  const comparing = viewer.mode === "compare" && viewer.comparable;
  find("slider").hidden = !comparing;
  for (const tag of document.querySelectorAll(".tag")) tag.hidden = !comparing;
  showLegend(layers, picture);
  showFields(picture);
  find("heat").disabled = find("consistent").disabled = !picture.isJpeg;
  formatChanged();
  if (layers?.afterKey === pictures.key(picture)) viewer.mix = 1;
  find("save").disabled = !pictures.result(picture);
  find("canvas").setAttribute("aria-label", `${picture.name}, before and after`);
  if (!layers || layers.afterKey !== pictures.key(picture)) pictures.load(picture);
  if (viewer.mode === "heat") pictures.loadHeat(picture).catch((error) => toast(error.message));
}

function showNotice(picture, problem) {
  const notice = find("notice");
  notice.hidden = !problem;
  if (!problem || notice.dataset.says === `${picture.id} ${problem}`) return;
  notice.dataset.says = `${picture.id} ${problem}`;
  const text = document.createElement("p");
  text.textContent = `${problem[0].toUpperCase()}${problem.slice(1)}.`;
  notice.replaceChildren(text);
  if (problem.includes("--tolerant") && !picture.tolerant) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Restore what can be read";
    button.addEventListener("click", () => pictures.tolerate(picture));
    notice.append(button);
  }
}

function showLegend(layers, picture) {
  const legend = find("legend");
  legend.hidden = viewer.mode === "compare" || !layers;
  if (viewer.mode === "difference") {
    legend.textContent = viewer.comparable ? "What has changed, eight times as strong" : "Not restored yet";
  } else if (viewer.mode === "heat" && !picture.isJpeg) {
    legend.textContent = "Only a JPEG file tells its error";
  } else if (viewer.mode === "heat") {
    const scale = document.createElement("span");
    scale.className = "scale";
    scale.append("0", document.createElement("i"), layers?.heat ? `${layers.heat.largest} levels` : "…");
    legend.replaceChildren("Expected error of each block", scale);
  }
}

for (const radio of document.querySelectorAll("input[name=mode]")) {
  radio.addEventListener("change", () => {
    viewer.mode = radio.value;
    if (pictures.current) changed(pictures.current);
    viewer.draw();
  });
}
find("smaller").addEventListener("click", () => viewer.zoom(1 / 1.5));
find("larger").addEventListener("click", () => viewer.zoom(1.5));
find("fit").addEventListener("click", () => viewer.fit());
find("pixels").addEventListener("click", () => viewer.pixels());

// Settings.

let timer = 0;

function settingsChanged(wait) {
  const [strength, blend] = [find("strength"), find("blend")];
  find("strength-out").textContent = percent(strength.value);
  find("blend-out").textContent = percent(blend.value);
  blend.disabled = find("model").selectedOptions[0]?.dataset.blend !== "true";
  clearTimeout(timer);
  timer = setTimeout(applySettings, wait);
}

function applySettings() {
  const blend = find("blend").disabled ? 0 : find("blend").value / 100;
  const chosen = { model: find("model").value, strength: find("strength").value / 100, blend };
  if (find("best").checked) chosen.best = true;
  pictures.apply(new URLSearchParams(chosen).toString());
}

let pause = 0;

find("past").addEventListener("input", (event) => {
  event.stopPropagation(); // of one picture, unlike all other settings
  const picture = pictures.current;
  const past = pastOf(picture);
  clearTimeout(pause);
  if (past === null || past === picture.past) return; // not all of it is there, or it is as before
  const tell = () => pictures.all.includes(picture) && pictures.tell(picture, past);
  pause = setTimeout(tell, event.target.tagName === "INPUT" ? 700 : 0);
});
find("settings").addEventListener("input", (event) => {
  if (event.target === find("strength")) {
    // At once, by mixing what is there; exactly, as soon as it is restored.
    viewer.mix = event.target.value / 100;
    viewer.draw();
  }
  settingsChanged(event.target.type === "range" ? 500 : 0);
});
find("settings").addEventListener("reset", () => {
  clearTimeout(pause);
  setTimeout(() => {
    if (pictures.current) {
      pictures.tell(pictures.current, "");
      showPast(pictures.current);
    }
    settingsChanged(0);
  });
});
find("settings").addEventListener("submit", (event) => event.preventDefault());

async function loadModels() {
  const models = await (await ask("api/models")).json();
  for (const [index, { name, blend }] of models.entries()) {
    const option = new Option(name, name, index === 0, index === 0);
    option.dataset.blend = blend;
    find("model").append(option);
  }
  settingsChanged(0);
}

// Download.

function format(picture) {
  const query = new URLSearchParams(find("format").value);
  if (!picture.isJpeg) query.delete("consistent");
  if (query.get("format") === "jpeg") query.set("quality", find("quality").value);
  if (!find("metadata").checked) query.set("strip", "true");
  if (find("srgb").checked && !find("srgb").disabled) query.set("srgb", "true");
  return query.toString();
}

function formatChanged() {
  const value = find("format").value;
  find("quality-field").hidden = !value.includes("jpeg");
  find("quality-out").textContent = find("quality").value;
  const lacking = value.includes("consistent") && pictures.current && !pictures.current.isJpeg;
  find("format-help").textContent = lacking ? "No JPEG to be consistent with: an ordinary one." : FORMAT_HELP[value] ?? "";
  find("srgb").disabled = value.includes("depth") || value.includes("consistent");
}

function save(name, blob) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function nameOf(picture) {
  return `${picture.stem}.restored${SUFFIXES[new URLSearchParams(find("format").value).get("format")]}`;
}

/** Do something while a button tells so, and show why it failed. */
async function busily(button, work) {
  const text = button.textContent;
  button.disabled = true;
  try {
    await work((told) => (button.textContent = told));
  } catch (error) {
    toast(error.message);
  }
  button.textContent = text;
  button.disabled = false;
}

find("download").addEventListener("input", formatChanged);
find("download").addEventListener("submit", (event) => {
  event.preventDefault();
  const picture = pictures.current;
  busily(find("save"), async (tell) => {
    tell("Preparing…");
    save(nameOf(picture), await pictures.file(picture, format(picture)));
  });
});
find("save-all").addEventListener("click", () => {
  busily(find("save-all"), async (tell) => {
    const ready = pictures.all.filter((picture) => pictures.result(picture));
    if (!ready.length) throw new Error("no picture is restored yet; wait for one");
    const files = [];
    const names = distinct(ready.map(nameOf));
    let problem = null;
    for (const [index, picture] of ready.entries()) {
      tell(`Preparing ${index + 1} of ${ready.length}…`);
      try {
        files.push({ name: names[index], blob: await pictures.file(picture, format(picture)) });
      } catch (error) {
        problem ??= new Error(`${picture.name}: ${error.message}`);
      }
    }
    if (!files.length) throw problem;
    save("restored.zip", await zip(files));
    const missing = pictures.all.length - files.length;
    if (problem) toast(`${missing} of the pictures are not in the zip. ${problem.message}`);
    else if (missing) toast(`${missing} of the pictures are not restored, and not in the zip`);
  });
});

// The rest.

let fading = 0;

function toast(message) {
  const box = find("toast");
  box.textContent = `${message[0].toUpperCase()}${message.slice(1)}.`;
  box.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => box.classList.remove("shown"), 8000);
}

const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };

function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  find("theme").textContent = THEMES[name];
  find("theme").setAttribute("aria-label", `Colours: ${name === "auto" ? "as the system has them" : name}`);
  viewer.draw();
  return name;
}

let theme = "auto";
try {
  theme = localStorage.getItem("theme") ?? theme;
} catch {
  // A browser that keeps nothing.
}
setTheme(theme in THEMES ? theme : "auto");
find("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  theme = setTheme(names[(names.indexOf(theme) + 1) % names.length]);
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // As above.
  }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => viewer.draw());
formatChanged();
loadModels().catch((error) => toast(error.message));
