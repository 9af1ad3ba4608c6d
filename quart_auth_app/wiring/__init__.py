"""How an application is put together of hooks and blueprints: ours alone, or one that has pages of its own."""
