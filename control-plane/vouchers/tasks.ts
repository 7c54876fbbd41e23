import { drawSheet } from './sheets/draw-sheet';

export const tasks = [drawSheet];
