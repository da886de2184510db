// Package dashboard tests the local cloud's dashboard in a browser, on the real stack. It needs the built tools and
// Chromium: `make dashboard`.
package dashboard
