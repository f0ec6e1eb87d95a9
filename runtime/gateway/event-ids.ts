/**
 * Gives each event of an app's event stream an id, so that a client that lost the connection can say where it was.
 * Everything else of the stream stays as the app wrote it; events that have an id of the app's own keep that one.
 * Bytes may be cut anywhere: an event, a line or a CRLF may lie across chunks.
 */
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const ID_FIELD = [0x69, 0x64] as const;

export class EventIds {
  private column = 0;
  private afterCarriageReturn = false;
  /** The line so far could be the name of an `id` field. */
  private idField = false;
  private commentLine = false;
  private eventHasFields = false;
  private eventHasId = false;

  /** The chunk with an `id` line before the end of each event. `idAt` makes the id of what ends at an offset of the chunk. */
  apply(chunk: Uint8Array, idAt: (offset: number) => string): Uint8Array {
    const pieces: Uint8Array[] = [];
    let copied = 0;
    for (let index = 0; index < chunk.length; index++) {
      if (!this.endsEvent(chunk[index] ?? 0)) continue;
      pieces.push(chunk.subarray(copied, index), ENCODER.encode(`id: ${idAt(index + 1)}\n`));
      copied = index;
    }
    return pieces.length === 0 ? chunk : Buffer.concat([...pieces, chunk.subarray(copied)]);
  }

  /** Takes in one byte; true when it ends an event that needs an id. */
  private endsEvent(byte: number): boolean {
    const secondOfPair = this.afterCarriageReturn && byte === LF;
    this.afterCarriageReturn = byte === CR;
    if (secondOfPair) return false;
    if (byte !== CR && byte !== LF) {
      this.takeCharacter(byte);
      return false;
    }
    return this.column === 0 ? this.endEvent() : this.endLine();
  }

  private takeCharacter(byte: number): void {
    if (this.column === 0) {
      this.idField = true;
      this.commentLine = byte === COLON;
    }
    if (this.column < ID_FIELD.length) this.idField &&= byte === ID_FIELD[this.column];
    else if (this.column === ID_FIELD.length) this.idField &&= byte === COLON;
    this.column++;
  }

  private endLine(): false {
    if (this.idField && this.column >= ID_FIELD.length) this.eventHasId = true;
    if (!this.commentLine) this.eventHasFields = true;
    this.column = 0;
    return false;
  }

  private endEvent(): boolean {
    const needsId = this.eventHasFields && !this.eventHasId;
    this.eventHasFields = false;
    this.eventHasId = false;
    return needsId;
  }
}

const ENCODER = new TextEncoder();
