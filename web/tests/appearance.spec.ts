// Every page in both themes, on desktops, tablets and phones: no finding of axe, no horizontal overflow, and a screenshot of
// each for a visual review.
import type { Page } from '@playwright/test';
import { accessible, add, expect, saved, test } from './page.ts';

const folder = process.env['BUSLINE_ARTIFACTS'] ?? 'test-results';
const SIZES = {
  desktop: { width: 1280, height: 800 },
  tablet: { width: 768, height: 1024 },
  phone: { width: 390, height: 844 },
  small: { width: 320, height: 640 },
};

async function look(page: Page, name: string): Promise<void> {
  for (const [place, size] of Object.entries(SIZES)) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
      // The other sizes have the same elements.
      if (place === 'desktop' || place === 'phone') await accessible(page);
      const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overhang, `${name} sticks out of the ${place}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${folder}/screens/${name}-${place}-${colorScheme}.png`, animations: 'disabled' });
    }
  }
}

test('pages before sign-in', async ({ page }) => {
  for (const path of ['sign-in', 'sign-up', 'confirm', 'forgot-password', 'unsubscribe']) {
    await page.goto(`/${path}?token=x`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await look(page, path);
  }
});

test('the list, empty and full, its views, its filter and its help', async ({ home }) => {
  test.slow();
  await expect(home.getByText('A clear list')).toBeVisible();
  await look(home, 'list-empty');
  await add(
    home,
    'Read “The Overstory” #reading !low',
    'Answer Zoë about the summer house',
    'Water the plants #home today',
    'Buy oat milk, bread and something nice for Sunday morning #shopping !high today',
    'Call the plumber #home tomorrow',
    'Book the train to Galway #travel friday',
  );
  await look(home, 'list');
  await home.goto('/?view=upcoming');
  await expect(home.getByText('Call the plumber')).toBeVisible();
  await look(home, 'upcoming');
  await home.goto('/?q=nothing');
  await expect(home.getByText('Nothing found')).toBeVisible();
  await look(home, 'list-nothing-found');
  await home.goto('/');
  await home.getByRole('checkbox', { name: /Answer Zoë/ }).click();
  // Closed first, because it would disappear between the screenshots.
  await home.screenshot({ path: `${folder}/screens/list-message.png` });
  await saved(home);
  await home.getByRole('button', { name: 'Filter' }).click();
  await look(home, 'filter');
  await home.keyboard.press('Escape');
  await home.setViewportSize(SIZES.desktop);
  await home.getByRole('button', { name: /Shortcuts/ }).click();
  await look(home, 'shortcuts');
});

test('an item with everything', async ({ home }) => {
  await add(home, 'Book the train to Galway #travel !high friday');
  await home.getByRole('link', { name: /^Details/ }).click();
  await home.getByLabel('Notes').fill('Two seats, facing forward.\nReturn on Sunday evening.');
  await home.getByLabel('Notes').blur();
  const chooser = home.locator('input[type=file]');
  await chooser.setInputFiles([
    { name: 'tickets.txt', mimeType: 'text/plain', buffer: Buffer.from('Two seats.\n') },
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<p></p>') },
  ]);
  await expect(home.getByRole('link', { name: 'Download tickets.txt' })).toBeVisible();
  await look(home, 'item');
  await home.setViewportSize(SIZES.desktop);
  await home.getByRole('button', { name: /^Due/ }).click();
  await expect(home.getByRole('grid')).toBeVisible();
  await look(home, 'due');
  await home.getByLabel('Time', { exact: true }).fill('17:00');
  await look(home, 'due-time');
});

test('the inbox, the settings and a missing page', async ({ home }) => {
  await add(home, 'Buy milk', 'Call Ben');
  await home.goto('/inbox');
  await expect(home.getByRole('list', { name: 'Inbox' }).getByRole('listitem')).toHaveCount(3);
  await look(home, 'inbox');
  await home.goto('/settings');
  await expect(home.getByLabel('Name')).toBeVisible();
  await expect(home.getByRole('switch', { name: /Remind me/ })).toBeVisible();
  await look(home, 'settings');
  await home.getByRole('button', { name: 'Delete my account' }).click();
  await look(home, 'delete-account');
  await home.goto('/export');
  await expect(home.getByText('There is no export yet.')).toBeVisible();
  await look(home, 'export');
  await home.goto('/no/such/page');
  await expect(home.getByText('Page not found')).toBeVisible();
  await look(home, 'not-found');
});

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  test('every text is translated and fits', async ({ page, user }) => {
    await page.goto('/sign-in');
    await expect(page.getByRole('heading', { name: 'Willkommen zurück' })).toBeVisible();
    await page.getByLabel('E-Mail').fill(user.email);
    await page.getByLabel('Passwort', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page
      .getByRole('textbox', { name: 'Aufgabe hinzufügen' })
      .fill('Milch kaufen #laden !wichtig übermorgen 17:00');
    await expect(page.locator('form mark')).toHaveText(['#laden', '!wichtig', 'übermorgen 17:00']);
    await look(page, 'german-quick-add');
    await page.getByRole('textbox', { name: 'Aufgabe hinzufügen' }).fill('Milch kaufen #laden !wichtig morgen');
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-row]')).toContainText(/Morgen.*Hoch.*laden/);
    await look(page, 'german-list');
    await page.goto('/settings');
    await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible();
    await expect(page.getByLabel('Name')).toBeVisible();
    await look(page, 'german-settings');
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: SIZES.phone, hasTouch: true, isMobile: true });

  test('all links are in the bar and large enough to tap', async ({ home }) => {
    await add(home, 'Buy milk #shop tomorrow');
    const bar = home.getByRole('navigation', { name: 'Views' });
    for (const [way, heading] of [
      ['Today', 'Today'],
      ['Upcoming', 'Upcoming'],
      ['Inbox', 'Inbox'],
      ['All', 'All'],
    ] as const) {
      await bar.getByRole('link', { name: new RegExp(`^${way}`) }).tap();
      await expect(home.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    }
    const more = bar.getByRole('button', { name: 'More' });
    for (const [way, heading] of [
      ['Completed', 'Completed'],
      ['shop', '#shop'],
      ['Settings', 'Settings'],
    ] as const) {
      await more.tap();
      await home.getByRole('dialog', { name: 'More' }).getByRole('link', { name: way }).tap();
      await expect(home.getByRole('heading', { level: 1, name: heading })).toBeVisible();
      await expect(more).toHaveAttribute('aria-current', 'true');
    }
    await more.tap();
    await look(home, 'more');
    await home.setViewportSize(SIZES.phone);
    await home.getByRole('button', { name: 'Keyboard shortcuts' }).tap();
    await expect(home.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await home.keyboard.press('Escape');
    await bar.getByRole('link', { name: 'All' }).tap();
    const small = await home.locator('a:visible, button:visible').evaluateAll((targets) =>
      targets
        .filter((target) => target.getClientRects().length > 0 && !target.matches('[href="#content"]'))
        .filter((target) => target.getBoundingClientRect().height < 43.5)
        .map((target) => target.outerHTML),
    );
    expect(small).toEqual([]);
    await home.getByRole('checkbox', { name: 'Complete “Buy milk”' }).tap();
    await expect(home.getByText('A clear list')).toBeVisible();
  });
});

test.describe('with forced colours', () => {
  test.use({ contextOptions: { forcedColors: 'active' } });

  test('completed, switched on and current are still visible', async ({ home }) => {
    await add(home, 'Buy milk', 'Call Ben');
    await home.getByRole('checkbox', { name: 'Complete “Buy milk”' }).click();
    await saved(home);
    await home.goto('/?status=all');
    const circle = (title: RegExp) => home.getByRole('checkbox', { name: title }).locator('span');
    await expect(circle(/Call Ben/)).toHaveCSS('color', 'rgba(0, 0, 0, 0)');
    await expect(circle(/Buy milk/)).not.toHaveCSS('color', 'rgba(0, 0, 0, 0)');

    const background = (element: Element) => getComputedStyle(element).backgroundColor;
    const main = home.getByRole('navigation', { name: 'Main' });
    const here = await main.getByRole('link', { name: 'All' }).evaluate(background);
    expect(await main.getByRole('link', { name: 'Today' }).evaluate(background)).not.toBe(here);
    await home.goto('/settings');
    const isOn = home.getByRole('switch', { name: /Remind me/ });
    await expect(isOn).toBeChecked();
    const off = await home.getByRole('switch', { name: /summary/ }).evaluate(background);
    await expect(isOn).not.toHaveCSS('background-color', off);
    await home.screenshot({ path: `${folder}/screens/own-colours.png` });
  });
});
