/** How the machines of an app are bought. */
export type Purchase =
  | { readonly market: 'on-demand' }
  | { readonly market: 'spot'; readonly fallback: boolean }
  | { readonly market: 'capacity-reservation' | 'capacity-block'; readonly reservationId: string };
