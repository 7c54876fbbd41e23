-- The jobs of the night ask which routers have an API to be asked; the password stays unseen.
GRANT SELECT (api_username) ON nas TO lango_jobs;
