/** What RouterOS puts into a new hotspot's folder, as far as a test can tell: its own pages, plain. */
export const defaultPages: Record<string, string> = {
  'redirect.html': `$(if http-status == 302)Hotspot redirect$(endif)$(if http-header == "Location")$(link-redirect)$(endif)
<html><head><meta http-equiv="refresh" content="0; url=$(link-redirect)"></head></html>`,
  'login.html': `<html><title>internet hotspot > login</title><body>$(if error)<p>$(error)</p>$(endif)
<form name="login" action="$(link-login-only)" method="post"><input name="username" value="$(username)"><input name="password" type="password"><input type="submit" value="OK"></form></body></html>`,
  'alogin.html': `<html><title>hotspot > redirect</title><body>You are logged in. <a href="$(link-status)">status</a></body></html>`,
  'status.html': `<html><title>hotspot > status</title><body>Welcome $(username)! $(session-time-left) <a href="$(link-logout)">log off</a></body></html>`,
  'logout.html': `<html><title>hotspot > logout</title><body>you have just logged out <a href="$(link-login)">log in</a></body></html>`,
  'error.html': `<html><title>hotspot > error</title><body>$(error) <a href="$(link-login)">login</a></body></html>`,
  'errors.txt': `internal-error = internal error ($(error-orig))
config-error = configuration error ($(error-orig))
not-logged-in = you are not logged in (ip $(ip))
ippool-empty = cannot assign ip address - no more free addresses from pool
shutting-down = hotspot service is shutting down
user-session-limit = no more sessions are allowed for user $(username)
license-session-limit = session limit reached ($(error-orig))
wrong-mac-username = invalid username ($(username)): this MAC address is not yours
chap-missing = web browser did not send challenge response (try again, enable JavaScript)
invalid-username = invalid username or password
invalid-mac = user $(username) is not allowed to log in from this MAC address
uptime-limit = user $(username) has reached uptime limit
traffic-limit = user $(username) has reached traffic limit
radius-timeout = RADIUS server is not responding
auth-in-progress = already authorizing, retry later
radius-reply = $(error-orig)
`,
  'api.json': `{"captive": $(if logged-in == 'yes')false$(else)true$(endif), "user-portal-url": "$(link-login-only)"}`,
};
