"""Pages and the little servers that show them: one-click unsubscribe, archive, preview, the demo's inbox."""
