import { Router } from 'express';
import type { Request, Response } from 'express';
import type { Asset, Assets } from './assets';

/** Serves /assets/*: immutable because the hash is in the name, compressed once at boot. */
export function assetRoutes(assets: Assets): Router {
  const router = Router();
  router.get('/assets/:file', (req, res) => {
    const asset = assets.at(`/assets/${req.params.file}`);
    if (!asset) {
      // Never cached: a page of the previous version may still ask while a new one is being started.
      res.status(404).set('cache-control', 'no-store').type('text').send('No such asset. Load the page again.');
      return;
    }
    res.set({
      'content-type': asset.type,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
    });
    send(asset, req, res);
  });
  return router;
}

function send(asset: Asset, req: Request, res: Response): void {
  const encoding = req.acceptsEncodings('br', 'gzip', 'identity');
  if (encoding === 'br') res.set('content-encoding', 'br').end(asset.brotli);
  else if (encoding === 'gzip') res.set('content-encoding', 'gzip').end(asset.gzip);
  else res.end(asset.body);
}
