// How a picture is to be turned. Browsers turn files of several kinds differently, so the page takes EXIF out of all and
// turns them itself.

/** Split a picture file: what is left without EXIF, and the orientation, 1..8. */
export async function withoutExif(file) {
  const head = new DataView(await file.slice(0, 12).arrayBuffer());
  const kind = head.byteLength < 12 ? 0 : head.getUint32(0);
  if (kind === 0x89504e47) return pngWithoutExif(file);
  if (kind === 0x52494646) return webpWithoutExif(file);
  return kind >>> 16 === 0xffd8 ? jpegWithoutExif(file) : { blob: file, orientation: 1 };
}

async function jpegWithoutExif(file) {
  const view = new DataView(await file.slice(0, 1 << 20).arrayBuffer());
  const parts = [];
  let orientation = 1;
  let kept = 0;
  let at = 2;
  while (at + 4 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda || marker === 0xd9) break;
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === 0xe1 && at + 10 <= view.byteLength && view.getUint32(at + 4) === 0x45786966) {
      orientation = orientationOf(view, at + 10, Math.min(end, view.byteLength)) ?? orientation;
      parts.push(file.slice(kept, at));
      kept = end;
    }
    at = end;
  }
  parts.push(file.slice(kept));
  return { blob: new Blob(parts, { type: "image/jpeg" }), orientation };
}

function orientationOf(view, start, end) {
  if (start + 8 > end) return null;
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > end) return null;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + 12 * count && entry + 12 <= end; entry += 12) {
    if (view.getUint16(entry, little) === 0x0112) {
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : null;
    }
  }
  return null;
}

async function pngWithoutExif(file) {
  const parts = [];
  let orientation = 1;
  let kept = 0;
  let at = 8;
  while (at + 8 <= file.size) {
    const head = new DataView(await file.slice(at, at + 8).arrayBuffer());
    const end = at + 12 + head.getUint32(0);
    const kind = head.getUint32(4);
    if (kind === 0x49444154) break; // IDAT: the picture itself, behind which there is nothing to look for
    if (kind === 0x65584966) {
      orientation = (await orientationIn(file.slice(at + 8, end - 4))) ?? orientation;
      parts.push(file.slice(kept, at));
      kept = end;
    }
    at = end;
  }
  parts.push(file.slice(kept));
  return { blob: new Blob(parts, { type: "image/png" }), orientation };
}

async function webpWithoutExif(file) {
  for (let at = 12; at + 8 <= file.size; ) {
    const head = new DataView(await file.slice(at, at + 8).arrayBuffer());
    const size = head.getUint32(4, true);
    if (head.getUint32(0) === 0x45584946) {
      const orientation = (await orientationIn(file.slice(at + 8, at + 8 + size))) ?? 1;
      // Under another name nobody looks at it, and all lengths stay.
      const parts = [file.slice(0, at), "none", file.slice(at + 4)];
      return { blob: new Blob(parts, { type: "image/webp" }), orientation };
    }
    at += 8 + size + (size % 2);
  }
  return { blob: file, orientation: 1 };
}

/** The orientation in EXIF data, which some programs begin as in a JPEG file. */
async function orientationIn(blob) {
  const view = new DataView(await blob.slice(0, 1 << 20).arrayBuffer());
  const prefixed = view.byteLength > 6 && view.getUint32(0) === 0x45786966;
  return orientationOf(view, prefixed ? 6 : 0, view.byteLength);
}

/** A picture turned as its orientation says, drawn at some size. */
export function turned(image, orientation, width = image.width, height = image.height) {
  if (orientation === 1 && width === image.width) return image;
  const canvas = document.createElement("canvas");
  const across = orientation >= 5;
  canvas.width = across ? height : width;
  canvas.height = across ? width : height;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  // EXIF: 2 mirrored, 3 upside down, 4 both, 5 to 8 the same with rows and columns exchanged.
  const matrices = {
    1: [1, 0, 0, 1, 0, 0],
    2: [-1, 0, 0, 1, width, 0],
    3: [-1, 0, 0, -1, width, height],
    4: [1, 0, 0, -1, 0, height],
    5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, height, 0],
    7: [0, -1, -1, 0, height, width],
    8: [0, -1, 1, 0, 0, width],
  };
  context.setTransform(...matrices[orientation]);
  context.drawImage(image, 0, 0, width, height);
  return canvas;
}
