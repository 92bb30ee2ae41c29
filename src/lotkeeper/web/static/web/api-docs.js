// Starts Swagger UI. A file of its own, because the content security policy allows no script inside a page.
window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("swagger-ui");
  const csrfCookie = document.cookie.split("; ").find((entry) => entry.startsWith("csrftoken="));
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    persistAuthorization: false,
    validatorUrl: null,
    presets: [window.SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      if (csrfCookie) {
        request.headers["X-CSRFToken"] = csrfCookie.split("=")[1];
      }
      return request;
    },
  });
});
