// Several files as one: a zip archive that stores them as they are, since pictures are compressed already.

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

async function checksum(blob) {
  let sum = 0xffffffff;
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return ~sum >>> 0;
    for (const byte of value) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  }
}

/** The time as MS-DOS writes it. */
function time(date) {
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [(date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1), day];
}

/** Pack [{ name, blob }] into one Blob, below 4 GB in all. */
export async function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const text = new TextEncoder().encode(name);
    const common = new DataView(new ArrayBuffer(26));
    const [clock, day] = time(new Date());
    common.setUint16(0, 20, true); // version
    common.setUint16(2, 0x0800, true); // names are UTF-8
    common.setUint16(6, clock, true);
    common.setUint16(8, day, true);
    common.setUint32(10, await checksum(blob), true);
    common.setUint32(14, blob.size, true);
    common.setUint32(18, blob.size, true);
    common.setUint16(22, text.length, true);
    parts.push("PK\x03\x04", common, text, blob);
    const rest = new DataView(new ArrayBuffer(14));
    rest.setUint32(10, offset, true);
    directory.push("PK\x01\x02", Uint8Array.of(20, 0), common, rest, text);
    offset += 30 + text.length + blob.size;
  }
  const size = new Blob(directory).size;
  const end = new DataView(new ArrayBuffer(18));
  end.setUint16(4, files.length, true);
  end.setUint16(6, files.length, true);
  end.setUint32(8, size, true);
  end.setUint32(12, offset, true);
  return new Blob([...parts, ...directory, "PK\x05\x06", end], { type: "application/zip" });
}

/** Make names differ: photo.png, photo (2).png. */
export function distinct(names) {
  const taken = new Set();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = name.replace(/(\.[^.]*)?$/, ` (${number})$1`);
    taken.add(free);
    return free;
  });
}
