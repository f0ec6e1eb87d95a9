import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from './dynamo-table';

/** Bytes of an item as DynamoDB counts them: names and values. A write is paid by each 1,024 of them begun. */
export function itemSize(item: Item): number {
  return Object.entries(item).reduce((total, [name, value]) => total + Buffer.byteLength(name) + valueSize(value), 0);
}

/** Of the types that the platform stores. Numbers take a byte for two digits and one or two more. */
function valueSize({ S: text, N: number, B: bytes, SS: texts, BOOL: flag }: AttributeValue): number {
  if (text !== undefined) return Buffer.byteLength(text);
  if (number !== undefined) return Math.ceil(number.replace(/\D/g, '').length / 2) + 1;
  if (bytes !== undefined) return bytes.length;
  if (texts !== undefined) return texts.reduce((total, member) => total + Buffer.byteLength(member), 3);
  return flag === undefined ? 0 : 1;
}
