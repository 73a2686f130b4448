const isNative = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of 16-bit values, the lower one first. They are in the place of the values, of which there may be many; use these no more. */
export const littleEndian = (
  values: Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> => {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  if (!isNative) values.forEach((value, i) => view.setInt16(2 * i, value, true));
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
};
