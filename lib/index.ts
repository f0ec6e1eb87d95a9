export * from './machine-type';
