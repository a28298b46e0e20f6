<?php
// One-click unsubscribe (RFC 8058) for a newsletter whose sender is no web server.
//
// It knows no key and no address: it looks whether a token has the form of one, and appends it with the time to a log,
// one line "2026-01-02T03:04:05Z TOKEN". `newsletter` reads that log before every send, checks each token's signature,
// and mails none of these readers any more. A GET shows a page with a button and changes nothing: scanners follow links.
//
//   [unsubscribe]
//   url = "https://example.com/unsubscribe.php?t={token}"
//   log = "https://example.com/@LOG@"
//
// Open this page once in a browser: it then makes the log, empty, which `newsletter` asks for. The log's name cannot be
// guessed; let no index of this folder be shown. Needs PHP 7.2 and a folder it may write to.

declare(strict_types=1);

const NAME = '@NAME@';
const LOG_FILE = __DIR__ . '/@LOG@';
// Anybody can append what looks like a token: 600,000 lines, then 503 until the log is emptied.
const LARGEST_LOG = 45000000;

function answer(int $status, string $title, string $text = '', string $form = ''): void
{
    http_response_code($status);
    $name = htmlspecialchars(NAME, ENT_QUOTES, 'UTF-8');
    echo <<<HTML
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>$title</title>
    <link rel="icon" href="data:,">
    <style>
      :root { color-scheme: light dark; }
      body { max-width: 30rem; margin: 12vh auto 0; padding: 1.5rem; font: 1.0625rem/1.6 system-ui, sans-serif; }
      h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
      button { min-height: 2.75rem; padding: .625rem 1.25rem; font: 600 1rem/1.2 system-ui, sans-serif; cursor: pointer; }
    </style>
    <p>$name</p>
    <h1>$title</h1>
    <p>$text</p>
    $form
    </html>

    HTML;
    exit;
}

function append(string $token): bool
{
    $log = @fopen(LOG_FILE, 'ab');
    if ($log === false) {
        return false;
    }
    $kept = false;
    if (flock($log, LOCK_EX)) {
        clearstatcache();
        $before = fstat($log)['size'];
        if ($before < LARGEST_LOG) {
            $line = gmdate('Y-m-d\TH:i:s\Z') . " $token\n";
            $kept = @fwrite($log, $line) === strlen($line) && fflush($log);
            if (!$kept) {
                ftruncate($log, $before); // a full disk leaves no half line
            }
        }
        flock($log, LOCK_UN);
    }
    fclose($log);
    return $kept;
}

header('Content-Type: text/html; charset=utf-8');
header("Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
header('Cache-Control: no-store');
header('Referrer-Policy: no-referrer');
header('X-Content-Type-Options: nosniff');
header('X-Robots-Tag: noindex, nofollow, noarchive');

if (!file_exists(LOG_FILE) && !@touch(LOG_FILE)) {
    header('Retry-After: 600');
    answer(503, 'That did not work just now', 'Nothing can be written here. If this is your newsletter: let PHP write to this folder.');
}

$given = $_GET['t'] ?? ltrim((string) ($_SERVER['PATH_INFO'] ?? ''), '/');
$token = is_string($given) ? strtolower($given) : '';
if (!preg_match('/\A[a-z2-7]{48}\z/', $token)) {
    answer(404, 'This link does not work', 'Perhaps your mail program cut it off: open the whole link, or answer the mail and ask.');
}

switch ($_SERVER['REQUEST_METHOD']) {
    case 'GET':
    case 'HEAD':
        answer(
            200,
            'Unsubscribe?',
            'Then you get no more mail from this newsletter.',
            '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>'
        );
        // no break: answer() ends the script
    case 'POST':
        $wish = $_POST['List-Unsubscribe'] ?? '';
        if (!is_string($wish) || strcasecmp(trim($wish), 'One-Click') !== 0) {
            answer(400, 'This form was not understood', 'Open the link in the mail and press the button.');
        }
        if (!append($token)) {
            header('Retry-After: 600');
            answer(503, 'That did not work just now', 'Nothing was changed. Please try again in a few minutes.');
        }
        answer(200, 'You are unsubscribed', 'You get no more mail. What is already on its way may still arrive.');
        // no break
    case 'OPTIONS':
        header('Allow: GET, HEAD, POST, OPTIONS');
        http_response_code(204);
        exit;
    default:
        header('Allow: GET, HEAD, POST, OPTIONS');
        answer(405, 'Method not allowed');
}
