import { z } from 'zod';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { listModel } from '../tables';
import { readerFor } from '../ui';
import { printHandover } from './admin.view';
import { SERVER_NAME } from './authority';
import { issueCertificate } from './issue-certificate';
import { certificateList, certificateModel, certificateSpec } from './list.routes';
import { revokeCertificate } from './revoke-certificate';
import { newCertificate } from './schema';

const issueForm = newCertificate.omit({ days: true });

export const pageRoutes: PageRoute[] = [
  ...certificateList,
  pageRoute({
    method: 'POST',
    path: '/certificates',
    permission: 'subscriptions.write',
    form: issueForm,
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      const given = form.ok ? { ...form.value, id: form.value.subscription_id } : undefined;
      const subscription = given?.id ?? idField.safeParse(form.ok ? '' : form.values['subscription_id']).data;
      const again = async (message: string): Promise<PageResult> => {
        const asked = { params: {}, query: { ...certificateSpec.query.parse({}), subscription }, web, person, reader };
        const name = given?.name ?? (form.ok ? '' : (form.values['name'] ?? ''));
        const around = await certificateModel(ctx, asked, await certificateSpec.scope(ctx, asked), { name, message });
        return view(
          'certificates/list',
          { ...(await listModel(certificateSpec, ctx, asked)), ...around },
          { status: 422 },
        );
      };
      if (!form.ok) return again(reader.t('certificates.name_needed'));
      const outcome = await issueCertificate(ctx, form.value);
      if (outcome.kind === 'no_subscription') throw notFound('That subscription');
      if (outcome.kind !== 'done') return again(reader.t(`certificates.${outcome.kind}`));
      return view('certificates/issued', {
        title: reader.t('certificates.issued_title'),
        back: `/certificates?subscription=${form.value.subscription_id}`,
        server: SERVER_NAME,
        ...printHandover(outcome, form.value.name),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/certificates/:id/revoke',
    permission: 'subscriptions.write',
    form: z.object({ subscription: idField }),
    async run(ctx, { params, form }) {
      if ((await revokeCertificate(ctx, params.id)) === 'not_found') throw notFound('That certificate');
      return seeOther(form.ok ? `/certificates?subscription=${form.value.subscription}&revoked=yes` : '/certificates');
    },
  }),
];
