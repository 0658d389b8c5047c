// What pages import and what does not lie here: it is served beside them.
declare module '*/marcelle.js';
declare module '*/settings.js';
declare module '@marcellejs/core';
declare module 'uplot';
