// Package costs estimates what a stack costs a month before traffic, from Google's list prices.
package costs
