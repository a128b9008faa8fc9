/** What the client shares with its own programs. No part of the API: it may change at any time. */
package dev.wanllmdb.internal;
