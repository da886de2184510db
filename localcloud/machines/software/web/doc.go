// Package web models web servers: the WordPress image's, with WordPress, or with a configuration of its own, which serves
// the health page; and rclone's. It reads PHP's timeouts and the declarations of the mounted scripts.
package web
