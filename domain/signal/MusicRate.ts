/** The sample rate in Hz at which tempo and key are measured, of one channel: it holds all that either of them hears. */
export const musicRate = 22_050;
