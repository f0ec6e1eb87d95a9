import { templateOf } from './synthesis';

test('one app with a platform of its own has at most 60 resources', () => {
  expect(Object.keys(templateOf().toJSON().Resources as object).length).toBeLessThanOrEqual(60);
});
