package conformance_test

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
)

// drawPicture writes a JPEG of an evening at sea, large enough that WordPress makes smaller versions of it. The seed
// moves the sun and the waves, so every picture is different.
func drawPicture(to io.Writer, width, height int, seed float64) error {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	horizon, sun := 0.62, 0.5+0.2*math.Sin(seed)
	for y := range height {
		for x := range width {
			// Both in units of the height, so that the sun is round.
			h, v := float64(x)/float64(height), float64(y)/float64(height)
			away := h - sun*float64(width)/float64(height)
			var c [3]float64
			if v < horizon {
				c = between([3]float64{44, 54, 110}, [3]float64{250, 160, 95}, math.Pow(v/horizon, 1.6))
				distance := math.Hypot(away, v-0.48)
				c = between(c, [3]float64{255, 226, 150}, math.Exp(-distance*7)*0.9)
				if distance < 0.085 {
					c = [3]float64{255, 244, 214}
				}
				// Hills, the nearer the darker.
				for i, hill := range []float64{0.05, 0.025} {
					phase := seed + float64(i)*4
					ridge := horizon - hill*(1.1+math.Sin(h*3.1+phase)+0.4*math.Sin(h*7.7-phase)+0.1*math.Sin(h*23+phase))
					if v > ridge {
						c = between([3]float64{118, 82, 110}, [3]float64{58, 46, 82}, float64(i))
					}
				}
			} else {
				depth := (v - horizon) / (1 - horizon)
				c = between([3]float64{222, 142, 104}, [3]float64{28, 38, 84}, math.Pow(depth, 0.6))
				wave := math.Sin(260*math.Sqrt(depth)+4*math.Sin(h*9+seed)) * math.Sin(h*31+40*depth)
				glitter := math.Exp(-math.Pow(away/(0.05+0.16*depth), 2)) * (0.45 + 0.55*wave)
				c = between(c, [3]float64{255, 224, 160}, max(0, glitter)*0.8)
			}
			picture.Set(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
	return jpeg.Encode(to, picture, &jpeg.Options{Quality: 88})
}

// between returns the colour a part of the way from a to b.
func between(a, b [3]float64, part float64) (c [3]float64) {
	for i := range c {
		c[i] = a[i] + (b[i]-a[i])*part
	}
	return c
}
