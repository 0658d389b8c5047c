// What pages import and what does not lie here: it is served beside them.
declare module '*/marcelle.js';
declare module '*/settings.js';
declare module '@marcellejs/core';
declare module 'uplot';
declare module 'echarts';

// What an ejected page's own packages bring.
declare module '*.css';
declare module 'onnxruntime-web/wasm';
declare module 'vite';

// What the backend's packages bring, which are installed elsewhere.
declare module '@feathersjs/authentication';
declare module '@feathersjs/errors';
declare module '@feathersjs/express';
declare module 'socket.io' {
  export type Server = any;
}
declare module 'express' {
  export type ErrorRequestHandler = (error: any, request: any, response: any, next: any) => void;
  export type RequestHandler = (request: any, response: any, next: any) => void;
}
