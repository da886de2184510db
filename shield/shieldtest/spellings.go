// Package shieldtest lists requests as attackers spell them. The tests of the local cloud evaluate the shield's expressions
// for them, and the conformance tests send them to the real Apache and WordPress.
package shieldtest

// Spelling is a request's target, path and query.
type Spelling struct {
	Target string
	// Served is whether Apache with WordPress serves the page for it; the rule must then match.
	Served bool
}

// Logins are spellings of the login page.
var Logins = []Spelling{
	{"/wp-login.php", true},
	{"/wp-login.php?action=postpass", true},
	{"//wp-login.php", true},
	{"///wp-login.php", true},
	{"/wp-login.php/", true},
	{"/wp-login.php/x.css", true},
	{"/wp-login.php/../wp-login.php", true},
	{"/./wp-login.php", true},
	{"/wp-admin/../wp-login.php", true},
	{"/%77p-login.php", true},
	{"/wp-login%2ephp", true},
	{"/wp-login%2Ephp", true},
	{"/%77%70%2d%6c%6f%67%69%6e%2e%70%68%70", true},
	{"/wp%2dlogin.php%3fx", false},
	{"/%2577p-login.php", false},
	{"/WP-LOGIN.PHP", false},
	{"/wp-login.php%00", false},
	{"/wp-login.php%20", false},
	{"/wp-login.ph", false},
	{"/wp-login", false},
	{"/%2fwp-login.php", false},
	{"/wp-admin%2f..%2fwp-login.php", false},
}

// XMLRPC are spellings of XML-RPC's page, served if Apache would leave it open.
var XMLRPC = []Spelling{
	{"/xmlrpc.php", true},
	{"/xmlrpc.php?rsd", true},
	{"//xmlrpc.php", true},
	{"/xmlrpc.php/", true},
	{"/xmlrpc.php/wp-login.php", true},
	{"/%78mlrpc.php", true},
	{"/xmlrpc%2ephp", true},
	{"/wp-admin/../xmlrpc.php", true},
	{"/XMLRPC.php", false},
}

// Installations are spellings of the installation page.
var Installations = []Spelling{
	{"/wp-admin/install.php", true},
	{"/wp-admin/install.php?step=2", true},
	{"/wp-admin//install.php", true},
	{"//wp-admin/install.php", true},
	{"/wp-admin/./install.php", true},
	{"/wp-admin/css/../install.php", true},
	{"/wp-admin/install.php/", true},
	{"/wp-admin/install.php/x", true},
	{"/wp-admin/%69nstall.php", true},
	{"/wp%2dadmin/install%2Ephp", true},
	{"/wp-admin/INSTALL.php", false},
	{"/wp-admin%2finstall.php", false},
}

// Listings are spellings of requests for users' names.
var Listings = []Spelling{
	{"/wp-json/wp/v2/users", true},
	{"/wp-json/wp/v2/users/", true},
	{"/wp-json/wp/v2/users/1", true},
	{"/wp-json/wp/v2/users?per_page=100", true},
	{"/wp-json/wp/v2/users/?who=authors&per_page=100", false}, // the editor's, who is signed in
	{"/wp-json/wp/v2/users/me?rest_route=/wp/v2/users", true},
	{"/?rest_route=/wp/v2/users/me&rest_route=/wp/v2/users/1", true},
	{"/wp-json/WP/V2/Users", true},
	{"/%77p-json/wp/v2/users", true},
	{"/index.php/wp-json/wp/v2/users", true},
	{"/?rest_route=/wp/v2/users", true},
	{"/?rest_route=%2Fwp%2Fv2%2Fusers%2F1", true},
	{"/?rest%5Froute=/wp/v2/users", true},
	{"/?rest.route=/wp/v2/users", true},
	{"/wp-json/wp/v2/posts?rest_route=/wp/v2/users", true},
	{"/index.php?x=1&rest_route=/%77p/v2/users", true},
	{"/?author=1", true},
	{"/?x=1&author=1", true},
	{"/?%61uthor=1", true},
	{"/?%20author=1", true},
	{"/?+author=1", true},
	{"/index.php?author=1", true},
	{"/?author%00x=1", true},
}

// Harmless are targets that no rule but one for all requests may match.
var Harmless = []string{
	"/", "/?p=1", "/2026/11/hello-world/", "/wp-admin/", "/wp-admin/plugin-install.php", "/wp-admin/theme-install.php?browse=popular",
	"/wp-admin/user-edit.php?user_id=1", "/wp-json/", "/wp-json/wp/v2/posts", "/wp-json/wp/v2/posts?author_exclude=1",
	"/wp-json/wp/v2/users/me", "/wp-json/wp/v2/users/me?context=edit&_locale=user", "/?rest_route=%2Fwp%2Fv2%2Fusers%2Fme&_locale=user",
	"/?rest_route=/wp/v2/posts", "/wp-content/uploads/login.png", "/author/editor/", "/?s=author", "/?s=install.php",
	"/wp-admin/admin-ajax.php", "/wp-cron.php", "/healthz.php",
}
