package wanllmdb

import (
	"iter"

	"google.golang.org/protobuf/proto"
)

// pages returns the entries of all pages; next returns a page by its token. An empty page is not
// the last one; one without a token is.
func pages[T any](
	next func(token string) (entries []T, following string, err error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for token, isLast := "", false; !isLast; isLast = token == "" {
			entries, following, err := next(token)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			token = following
		}
	}
}

// clone returns a copy of a request, or an empty one for nil.
func clone[T any, P interface {
	*T
	proto.Message
}](request P) P {
	if request == nil {
		return P(new(T))
	}
	return proto.CloneOf(request)
}
