export * from './app-source';
export * from './capacity';
export * from './gateway';
export * from './machine-type';
export * from './network-mode';
export * from './serverless-gpu-app';
export * from './serverless-gpu-platform';
export * from './volume';
