/** What the constructs use of this folder, as one bundle: `assets/source/index.js`. */
export { readFalSource, specFromSource } from './fal-source';
