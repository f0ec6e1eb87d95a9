/**
 * How one S3 object is made of several: S3 copies within itself, but every part of a multipart upload except the last must
 * have 5 MiB. Smaller ones are read, joined and written.
 */

/** S3's least size of a part, except the last. */
export const LEAST_PART_BYTES = 5 * 1024 ** 2;

/** Some of the bytes of a source; `end` is not included. */
export interface Slice {
  /** Position of the source in the list given. */
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

export type Piece =
  /** Copied within S3. The source has at least 5 MiB, which S3 demands of a source that is copied in part. */
  | { readonly kind: 'copy'; readonly slice: Slice }
  /** Read, joined and written: less than 10 MiB. */
  | { readonly kind: 'join'; readonly slices: readonly Slice[] };

/** The pieces, in order, that make one object of sources of these sizes (in bytes). Empty when no source has a byte. */
export function composition(sizes: readonly number[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let small: Slice[] = [];
  const join = (): void => {
    if (small.length > 0) pieces.push({ kind: 'join', slices: small });
    small = [];
  };
  sizes.forEach((size, source) => {
    const missing = small.length === 0 ? 0 : LEAST_PART_BYTES - bytesIn(small);
    const start = Math.min(size, missing);
    if (start > 0) small.push({ source, start: 0, end: start });
    if (bytesIn(small) >= LEAST_PART_BYTES) join();
    if (size - start >= LEAST_PART_BYTES) pieces.push({ kind: 'copy', slice: { source, start, end: size } });
    else if (size > start) small.push({ source, start, end: size });
  });
  join();
  return pieces;
}

export function bytesIn(slices: readonly Slice[]): number {
  return slices.reduce((total, { start, end }) => total + end - start, 0);
}
