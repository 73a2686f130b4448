/**
 * Text for comparisons in any case: two texts that differ in case only become the same. Databases fold by rules of their own, or the letters
 * of ASCII alone.
 */
export const foldCase = (text: string): string => text.normalize("NFC").toUpperCase();
