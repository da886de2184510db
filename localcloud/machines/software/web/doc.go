// Package web models the WordPress image's web server: with WordPress, or with a configuration of its own, which serves
// the health page. It reads PHP's timeouts and the declarations of the mounted scripts.
package web
