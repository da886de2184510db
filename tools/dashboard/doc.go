// Package dashboard looks at the local cloud's dashboard with a browser, on the real stack. It wants the built tools and
// Chromium: `make dashboard`.
package dashboard
