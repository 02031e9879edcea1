// What is known of a picture, in words.

/** Whether a JPEG is known to be there: the file itself, or behind its pixels. */
function isRestorable({ past }) {
  return !past || past.outcome === "compressed";
}

/** Whether a result is what was sent, by its notes. */
export function isLeft(notes) {
  return notes.some((note) => note.includes("left as it is"));
}

/** The quality of a picture in words, or of the JPEG that it was. */
export function qualityOf(facts) {
  if (!facts.past) return facts.quality.luma === "custom" ? "own tables" : `quality ${facts.quality.luma}`;
  if (!isRestorable(facts)) return facts.format;
  const { quality } = facts.past.luma;
  return quality ? `was quality ${quality}` : "was a JPEG";
}

/** What was found in pixels, each with how sure that is. */
function foundIn({ past }) {
  if (!past.grid) return [];
  const sure = (share) => `(${Math.round(100 * share)} % sure)`;
  const { luma, grid, sampling } = past;
  const steps = luma.confidence.flat();
  const parts = [
    `was ${luma.name ?? "a JPEG of no known encoder"} ${sure(steps.reduce((sum, step) => sum + step) / steps.length)}`,
    `blocks from ${grid.x},${grid.y} ${sure(grid.confidence)}`,
  ];
  if (sampling) parts.push(`${sampling.name} ${sure(sampling.confidence)}`);
  return parts;
}

export function bytes(number) {
  if (number < 1e3) return number === 1 ? "1 byte" : `${number} bytes`;
  return number < 1e6 ? `${(number / 1e3).toFixed(number < 1e4 ? 1 : 0)} kB` : `${(number / 1e6).toFixed(1)} MB`;
}

/** All that is known of a picture, in parts, and of its result. */
export function factsOf({ facts, past, isJpeg }, notes) {
  const parts = [`${facts.width} × ${facts.height} pixels`, bytes(facts.bytes)];
  if (isJpeg) {
    const error = facts.components[0].error.expected;
    parts.push(qualityOf(facts), facts.sampling ?? facts.color, `expected error ±${error.toFixed(1)} levels`);
    return [...parts, ...facts.notes, ...notes];
  }
  return [...parts, facts.format, ...foundIn(facts), ...facts.notes, ...(isRestorable(facts) && !past ? [] : notes)];
}
