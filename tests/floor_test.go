package tests

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
)

// floorChild is less than a refresh can be: Echo, the form, one signature by the same library with the same algorithm, and the response. It reads no
// grant, checks nothing, limits nothing, counts nothing and logs nothing.
func floorChild(ctx context.Context) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/oauth/token", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		claims, err := json.Marshal(map[string]any{"sub": form.Get("refresh_token"), "exp": time.Now().Add(time.Hour).Unix()})
		if err != nil {
			return err
		}
		signed := string(claims)
		signature, err := jwt.SigningMethodES256.Sign(signed, key)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"access_token": signed + fmt.Sprintf("%x", signature), "token_type": "Bearer", "expires_in": 3600})
	})
	l, err := listenChild(ctx)
	if err != nil {
		return err
	}
	return serveChild(ctx, l, e)
}
