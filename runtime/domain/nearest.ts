/**
 * The known name that a mistyped one most likely means: fewest edits for its length, the first of equals. `undefined`
 * when nothing is close enough to be worth suggesting.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const longer = Math.max(name.length, candidate.length);
    const distance = edits(name.toLowerCase(), candidate.toLowerCase()) / longer;
    if (distance <= WORTH_SUGGESTING && (best === undefined || distance < best.distance)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

/** `; did you mean 'x'?` or nothing, to end a clause of a message. */
export function didYouMean(name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? '' : `; did you mean '${suggestion}'?`;
}

/** Edits a character: with half of the characters wrong, a suggestion is a guess. */
const WORTH_SUGGESTING = 0.5;

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function edits(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        cell(previous, column) + 1,
        cell(current, column - 1) + 1,
        cell(previous, column - 1) + (same ? 0 : 1),
        swapped ? cell(beforePrevious, column - 2) + 1 : Infinity,
      );
    }
    [beforePrevious, previous] = [previous, current];
  }
  return cell(previous, b.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
