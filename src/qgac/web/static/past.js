// What is told of the past of a picture, where the service is not to find it out.

const find = (id) => document.getElementById(id);
const CHOICES = ["earlier", "rescaled"]; // auto, off, or a quality beside it
const ENTRIES = { "quality-was": "quality_was", grid: "grid" };

function showQuality(choice) {
  const field = find(`${choice}-quality`);
  field.hidden = find(choice).value !== "quality";
  field.disabled = field.hidden;
}

/** What was scaled has no grid left of which anything could be told. */
function showEntries() {
  for (const id of Object.keys(ENTRIES)) find(id).disabled = find("rescaled").value === "quality";
}

/** The query of what the fields say of a picture; null while they are not filled in. */
export function pastOf(picture) {
  const query = new URLSearchParams();
  showEntries();
  for (const choice of CHOICES) {
    showQuality(choice);
    const { value } = find(choice);
    if (!isFor(find(choice), picture) || value === "auto") continue;
    if (value === "quality" && !find(`${choice}-quality`).validity.valid) return null;
    query.set(choice, value === "quality" ? find(`${choice}-quality`).valueAsNumber : value); // 1e2 is 100
  }
  for (const [id, name] of Object.entries(ENTRIES)) {
    if (find(id).disabled || !isFor(find(id), picture) || !find(id).value) continue;
    if (!find(id).validity.valid) return null;
    query.set(name, find(id).type === "number" ? find(id).valueAsNumber : find(id).value);
  }
  return query.toString();
}

/** Have those fields there that suit a picture. */
export function showFields(picture) {
  for (const field of find("past").querySelectorAll(".field")) field.hidden = !isFor(field, picture);
}

/** Have the fields say what was told of a picture. */
export function showPast(picture) {
  const query = new URLSearchParams(picture.past);
  if (picture.past) find("past").open = true;
  for (const choice of CHOICES) {
    const value = query.get(choice) ?? "auto";
    const isQuality = value !== "auto" && value !== "off";
    find(choice).value = isQuality ? "quality" : value;
    find(`${choice}-quality`).value = isQuality ? value : "";
    showQuality(choice);
  }
  for (const [id, name] of Object.entries(ENTRIES)) find(id).value = query.get(name) ?? "";
  showEntries();
}

function isFor(element, picture) {
  return element.closest("[data-of]").dataset.of === (picture.isJpeg ? "jpeg" : "pixels");
}
